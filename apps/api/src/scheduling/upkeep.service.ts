import { Inject, Injectable } from '@nestjs/common';
import { hostname } from 'node:os';
import { isAlive, notifyJob, Upkeep, type Catalog, type UpkeepReport } from '#catalog';
import type { ApiConfig } from '#config';
import { randomSuffix, type Clock, type NotificationRecord, type Random } from '#contracts';
import { refreshLast, type Metrics } from '#metrics';
import { deliver, type Channel } from '#notify';
import type { JobQueue } from '#queue';
import { API_CONFIG, CATALOG, CHANNELS, CLOCK, JOB_QUEUE, METRICS, RANDOM } from '../core/tokens.js';
import { ServiceLog } from '../logging/service-log.js';
import { TargetStates } from '../targets/target-states.js';
import { UnusualActivity } from '../unusual/unusual-activity.js';
import { drillStates } from './drill-states.js';
import { Watch } from './watch.js';

/** Longer than a queued message takes with a worker alive: then nobody but the API is left to send it. */
const leftLyingMs = 60_000;
const deliveryLimitMs = 25_000;

/** What the API looks after besides schedules: lost runs and lost jobs (as the workers do), overdue backups, dead workers, messages that no worker sends. */
@Injectable()
export class UpkeepService {
  readonly #upkeep: Upkeep;
  readonly #watch: Watch;
  readonly #owner: string;
  readonly #startedAt: Date;
  readonly #ending = new AbortController();
  #delivering: Promise<void> | undefined;

  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) random: Random,
    @Inject(CHANNELS) private readonly channels: readonly Channel[],
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly targets: TargetStates,
    private readonly unusual: UnusualActivity,
    private readonly log: ServiceLog,
  ) {
    const names = channels.map(({ name }) => name);
    const { lease, verify, fleetConcurrency } = config;
    this.#upkeep = new Upkeep({ catalog, jobs: queue, clock, lease, verify, fleetConcurrency, channels: names });
    this.#watch = new Watch({ catalog, clock, channels: names });
    this.#startedAt = clock.now();
    this.#owner = `${hostname()}/${process.pid}/${randomSuffix(random, 8)}`;
  }

  /** Called every `BACKUP_REAPER_SECONDS`. */
  async look(): Promise<void> {
    this.#report(await this.#upkeep.reaper.look());
    this.#report(await this.#upkeep.reconciler.look());
    const now = this.clock.now();
    const workers = this.catalog.workers.all();
    const states = await this.targets.all(now, workers);
    const alive = (await workers).filter(isAlive);
    const live = alive.length;
    this.unusual.seenWorkers(alive);
    const drills = await drillStates(this.catalog, this.config, now, this.#startedAt);
    for (const notification of await this.#watch.look(states, live, drills)) await this.#tell(notification);
    for (const notification of await this.unusual.clearQuiet()) await this.#tell(notification);
    const undelivered = await this.catalog.alerts.undelivered(now);
    this.#deliverAside(
      undelivered.filter(({ createdAt }) => live === 0 || now.getTime() - createdAt.getTime() > leftLyingMs),
    );
    await refreshLast(this.metrics, this.catalog.backups, () => this.config.targets.map(({ name }) => name));
  }

  /** A newer slot replaced waiting ones of the target: they failed, and people are told. */
  async afterSuperseding(target: string): Promise<void> {
    this.#report(await this.#upkeep.afterRun(target));
  }

  /** Ends what is being delivered: it stays due. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#delivering;
  }

  #report({ problems, ...done }: UpkeepReport): void {
    for (const problem of problems) this.log.failure(problem, { during: 'upkeep' });
    for (const { id, status } of done.expired) {
      this.metrics.leaseExpired();
      this.log.warn('lease expired', { id, status });
    }
    const some = Object.entries(done).filter(([, items]) => items.length > 0);
    if (some.length > 0) this.log.info('upkeep', Object.fromEntries(some));
  }

  /** By the queue where somebody works there, else by ourselves at the next look. */
  async #tell({ notificationId, kind, target, message }: NotificationRecord): Promise<void> {
    this.log.warn('alert', { alert: kind, target, notificationId, message });
    try {
      await this.queue.add(notifyJob(notificationId));
    } catch (error) {
      this.log.failure(error, { notificationId });
    }
  }

  /** One after the other, and beside the looks: an endpoint that hangs must not keep lost runs and overdue backups from being seen. */
  #deliverAside(notifications: readonly NotificationRecord[]): void {
    if (notifications.length === 0) return;
    // What is due and not in this round is found by a later look.
    this.#delivering ??= this.#deliverAll(notifications).finally(() => (this.#delivering = undefined));
  }

  async #deliverAll(notifications: readonly NotificationRecord[]): Promise<void> {
    for (const notification of notifications) {
      if (this.#ending.signal.aborted) return;
      try {
        await this.#deliver(notification);
      } catch (error) {
        this.log.failure(error, { notificationId: notification.notificationId });
      }
    }
  }

  async #deliver({ notificationId }: NotificationRecord): Promise<void> {
    const onFailure = (channel: string, error: unknown): void => {
      this.metrics.notificationFailed(channel);
      this.log.failure(error, { channel, notificationId });
    };
    const { catalog, channels, clock } = this;
    const deps = { alerts: catalog.alerts, channels, clock, owner: this.#owner, onFailure };
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(deliveryLimitMs)]);
    const report = await deliver({ notificationId }, deps, signal);
    if (report.taken) this.log.info('alert sent', { notificationId, ...report });
  }
}
