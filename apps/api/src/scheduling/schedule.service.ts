import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import type { Catalog } from '#catalog';
import { scheduleIntervalMs, type ApiConfig, type TargetConfig } from '#config';
import type { Clock, Random } from '#contracts';
import type { Metrics } from '#metrics';
import type { JobQueue } from '#queue';
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE, METRICS, RANDOM } from '../core/tokens.js';
import { ServiceLog } from '../logging/service-log.js';
import { cleanupTick } from './cleanup-tick.js';
import { drillTick } from './drill-tick.js';
import { oneAtATime } from './one-at-a-time.js';
import { latestSlot } from './slots.js';
import { startOf } from './starts.js';
import { takeSchedule } from './take-schedule.js';
import { tick, type TickDeps, type TickOutcome } from './tick.js';
import { Timers } from './timers.js';
import { UpkeepService } from './upkeep.service.js';

const earlyMs = 5;

/** Of all targets. */
interface Schedules {
  readonly jobs: ReadonlyMap<string, CronJob>;
  /** Each sets the timer of a target whose newest slot begins later, by its jitter. */
  readonly starts: readonly (() => void)[];
  /** Names, and milliseconds between two backups. */
  readonly intervals: readonly (readonly [string, number | null])[];
  readonly ticks: readonly (() => Promise<void>)[];
  readonly drills: readonly (() => Promise<void>)[];
}

/**
 * One cron job a target, one for the daily cleanup, and a look at everything every `BACKUP_REAPER_SECONDS`. All of them may be made by any number
 * of replicas: what they do is decided by unique indexes and conditional updates. A tick that fails is repeated by the next look.
 */
@Injectable()
export class ScheduleService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #running = new Set<Promise<void>>();
  readonly #deps: TickDeps;
  readonly #startedAt: Date;
  readonly #starts = new Timers();
  #schedules: Schedules = { jobs: new Map(), starts: [], intervals: [], ticks: [], drills: [] };
  #stopping = false;

  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CATALOG) catalog: Catalog,
    @Inject(JOB_QUEUE) queue: JobQueue,
    @Inject(CLOCK) clock: Clock,
    @Inject(RANDOM) random: Random,
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly log: ServiceLog,
    private readonly registry: SchedulerRegistry,
    private readonly upkeep: UpkeepService,
  ) {
    this.#deps = { catalog, queue, clock, random };
    this.#startedAt = clock.now();
  }

  onApplicationBootstrap(): void {
    this.register();
    const cleanup = oneAtATime(() => this.#cleanup());
    const { cron, timezone } = this.config.cleanupSchedule;
    if (cron !== null) {
      const job = this.#cronJob(cron, timezone, cleanup);
      this.registry.addCronJob('cleanup', job);
      job.start();
    }
    const look = oneAtATime(async () => {
      await this.#tickAll();
      for (const run of this.#schedules.drills) await run();
      // Its id is made of its slot: one that was missed is made now, one that was made is found.
      if (cron !== null) await cleanup();
      await this.#guard(() => this.upkeep.look(), 'upkeep');
    });
    this.registry.addInterval(
      'upkeep',
      setInterval(() => this.#track(look()), this.config.lease.reaperMs),
    );
    this.#track(look());
  }

  /**
   * The schedules of the targets as they are configured now; those of before end. What a tick has begun goes on. When one of them cannot be made it throws, and those of
   * before run on.
   */
  register(): void {
    if (this.#stopping) return;
    const before = this.#schedules;
    const next = this.#make();
    try {
      this.#put(next);
    } catch (error) {
      this.#put(before);
      throw error;
    }
    this.metrics.targetsConfigured(next.intervals.map(([name]) => name));
    this.#starts.clear();
    for (const start of next.starts) start();
    // From now on, and not from the next look on: by then they might have missed something.
    this.#track(this.#tickAll());
  }

  async #tickAll(): Promise<void> {
    const { ticks } = this.#schedules;
    for (const run of ticks) await run();
  }

  /** Of all targets, none of which runs yet. */
  #make(): Schedules {
    const jobs = new Map<string, CronJob>();
    const starts: (() => void)[] = [];
    const { targets } = this.config;
    return {
      ...{ jobs, starts },
      intervals: targets.map(({ name, schedule }) => [name, scheduleIntervalMs(schedule)]),
      ticks: targets.map((target) => this.#ofTarget(target, { jobs, starts })),
      drills: targets.map((target) => {
        const run = oneAtATime(() => this.#drill(target));
        const { cron, timezone } = target.drill.schedule;
        if (cron !== null) jobs.set(`drill/${target.name}`, this.#cronJob(cron, timezone, run));
        return run;
      }),
    };
  }

  #put(schedules: Schedules): void {
    this.#schedules = schedules;
    for (const [name, ms] of schedules.intervals) this.metrics.targetKnown(name, ms === null ? null : ms / 1000);
    for (const name of [...this.registry.getCronJobs().keys()])
      if (name.includes('/')) this.registry.deleteCronJob(name);
    for (const [name, job] of schedules.jobs) {
      this.registry.addCronJob(name, job);
      job.start();
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping = true;
    this.#starts.clear();
    for (const name of this.registry.getIntervals()) this.registry.deleteInterval(name);
    for (const name of this.registry.getCronJobs().keys()) this.registry.deleteCronJob(name);
    await Promise.allSettled([...this.#running, this.upkeep.stop()]);
  }

  #ofTarget(
    target: TargetConfig,
    { jobs, starts }: { readonly jobs: Map<string, CronJob>; readonly starts: (() => void)[] },
  ): () => Promise<void> {
    const { name, schedule } = target;
    let isTaken = false;
    const run = oneAtATime(() =>
      this.#guard(async () => {
        if (!isTaken) await takeSchedule(this.#deps, target);
        isTaken = true;
        for (const outcome of await tick(this.#deps, target)) await this.#tell(outcome);
      }, `the schedule of ${name}`),
    );
    if (schedule.cron === null) return run;
    const start = (): void => this.#starts.set(name, this.#untilStart(target), () => this.#track(run()));
    const hasJitter = schedule.jitterSeconds !== undefined;
    // Of a slot that came before a reload, or a start of this process, as well.
    if (hasJitter) starts.push(start);
    const job = this.#cronJob(schedule.cron, schedule.timezone, () => {
      // With jitter nothing may be due yet.
      if (hasJitter) start();
      return run();
    });
    jobs.set(`backup/${name}`, job);
    return run;
  }

  #untilStart(target: TargetConfig): number {
    const now = this.#deps.clock.now();
    const slot = latestSlot(target.schedule, now);
    // A timer may be early by a millisecond.
    return slot === null ? 0 : startOf(target, slot).getTime() - now.getTime() + earlyMs;
  }

  #cronJob(cronTime: string, timeZone: string, run: () => Promise<void>): CronJob {
    const onTick = (): void => this.#track(run());
    return CronJob.from({ cronTime, timeZone, onTick, start: false });
  }

  async #tell({ record, trigger, inserted, superseded, driftMs, queueError }: TickOutcome): Promise<void> {
    const { backupId, target, slot, correlationId } = record;
    this.log.info('slot', { backupId, target, slot, correlationId, trigger, inserted, driftMs });
    if (queueError !== null) this.log.failure(queueError, { backupId, correlationId });
    if (superseded.length > 0) await this.upkeep.afterSuperseding(target);
  }

  async #cleanup(): Promise<void> {
    await this.#guard(async () => {
      const taskId = await cleanupTick(this.#deps, this.config.cleanupSchedule);
      if (taskId !== null) this.log.info('cleanup', { cleanupId: taskId });
    }, 'the daily cleanup');
  }

  async #drill(target: TargetConfig): Promise<void> {
    await this.#guard(async () => {
      const made = await drillTick(this.#deps, this.config, target, this.#startedAt);
      if (made === null) return;
      const { drillId, backupId, choice, slot, correlationId } = made;
      this.log.info('drill', { drillId, target: target.name, backupId, choice, slot, correlationId });
    }, `the drills of ${target.name}`);
  }

  /** What fails here is looked at again by the next tick or look; nothing of it may end the process. */
  async #guard(action: () => Promise<void>, what: string): Promise<void> {
    if (this.#stopping) return;
    try {
      await action();
    } catch (error) {
      this.log.failure(error, { during: what });
    }
  }

  #track(run: Promise<void>): void {
    const tracked = run.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}
