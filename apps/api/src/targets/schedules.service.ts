import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { ApiConfig, TargetConfig } from '#config';
import { AppError, type Clock } from '#contracts';
import { API_CONFIG, CATALOG, CLOCK } from '../core/tokens.js';
import type { Plain } from '../http/plain.js';
import { latestSlot } from '../scheduling/slots.js';
import { nextStarts } from '../scheduling/starts.js';
import { pauseOf } from './pause-of.js';
import { TargetLooks } from './target-looks.js';
import { TargetStates, type TargetState } from './target-states.js';
import type { ScheduleDto } from './targets.dto.js';

const timesShown = 10;

/** The schedules of the configured targets. Their times come from the configuration alone; what can be changed here is the pause. */
@Injectable()
export class SchedulesService {
  constructor(
    @Inject(TargetStates) private readonly states: TargetStates,
    @Inject(TargetLooks) private readonly looks: TargetLooks,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async all(): Promise<Plain<ScheduleDto>[]> {
    const now = this.clock.now();
    const states = await this.states.all(now, this.looks.workers(), this.looks.ends());
    return states.map((state) => toSchedule(state, now));
  }

  /** A second pause leaves the first as it is: since when and by whom. */
  async pause(target: string, by: string): Promise<Plain<ScheduleDto>> {
    this.#configured(target);
    const known = await this.catalog.schedules.find(target);
    if (!known?.pausedAt) await this.catalog.schedules.pause(target, by, this.clock.now());
    return this.#one(target);
  }

  async resume(target: string): Promise<Plain<ScheduleDto>> {
    const { schedule } = this.#configured(target);
    const now = this.clock.now();
    // Without any slot so far (or a schedule that is off) counting begins now.
    await this.catalog.schedules.resume(target, latestSlot(schedule, now) ?? now);
    return this.#one(target);
  }

  #configured(target: string): TargetConfig {
    const config = this.config.targets.find(({ name }) => name === target);
    if (config !== undefined) return config;
    throw noSuchSchedule();
  }

  async #one(target: string): Promise<Plain<ScheduleDto>> {
    const schedule = (await this.all()).find((each) => each.target === target);
    if (schedule === undefined) throw noSuchSchedule();
    return schedule;
  }
}

function toSchedule({ target, config, schedule, overdue }: TargetState, now: Date): Plain<ScheduleDto> {
  return {
    target,
    cron: config.schedule.cron,
    timezone: config.schedule.timezone,
    ...pauseOf(target, schedule),
    lastSlot: schedule?.lastSlot?.toISOString() ?? null,
    jitterSeconds: config.schedule.jitterSeconds ?? 0,
    nextRuns: nextStarts(config, now, timesShown).map((at) => at.toISOString()),
    overdue,
  };
}

function noSuchSchedule(): AppError {
  return new AppError({
    code: 'schedule/not-found',
    stage: 'request',
    message: 'There is no target of this name in the configuration',
    hint: 'GET /api/admin/schedules lists the schedules',
  });
}
