import { Inject, Injectable } from '@nestjs/common';
import { isAlive, type Catalog, type SeenWorker, type TargetEnds } from '#catalog';
import type { ApiConfig, TargetConfig } from '#config';
import type { RestoreTargetHealth, ScheduleRecord, TargetHealth, WorkerReport } from '#contracts';
import { API_CONFIG, CATALOG } from '../core/tokens.js';
import { judgeSchedule } from '../scheduling/overdue.js';

export interface TargetState {
  readonly target: string;
  readonly config: TargetConfig;
  readonly schedule: ScheduleRecord | null;
  readonly overdue: boolean;
  /** The slot whose backup is overdue. */
  readonly overdueSince: Date | null;
  /** Null: no schedule, or paused. */
  readonly nextRunAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly lastRun: TargetEnds['lastRun'];
  /** As the freshest worker that is alive found it; null: nobody tells. */
  readonly health: TargetHealth | null;
}

/** What is known of every configured target: from the configuration, the schedules, the records and what workers published. */
@Injectable()
export class TargetStates {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
  ) {}

  /** `workers`, `outcomes`: for whoever has asked for them already. */
  async all(
    now: Date,
    workers = this.catalog.workers.all(),
    outcomes = this.catalog.backups.ends(),
  ): Promise<readonly TargetState[]> {
    const [schedules, ends, seen] = await Promise.all([this.catalog.schedules.all(), outcomes, workers]);
    return this.config.targets.map((config) => {
      const target = config.name;
      const schedule = schedules.find((record) => record.target === target) ?? null;
      const { lastSuccessAt, lastRun } = ends[target] ?? { lastSuccessAt: null, lastRun: null };
      const { overdueSince, nextRunAt } = judgeSchedule(
        { target: config, schedule, lastSuccessAt },
        now,
        this.config.overdueMs,
      );
      return {
        target,
        config,
        schedule,
        overdue: overdueSince !== null,
        overdueSince,
        nextRunAt,
        lastSuccessAt,
        lastRun,
        health: healthOf(target, seen),
      };
    });
  }

  /** Where backups may be restored to, as the freshest worker that is alive found it. */
  restoreTargets(workers: readonly SeenWorker[]): readonly RestoreTargetState[] {
    const reports = workers.filter(isAlive);
    return this.config.restoreTargets.map(({ name, scratch }) => {
      // An older worker publishes none.
      const found = reports.flatMap(({ restoreTargets = [] }: Partial<WorkerReport>) => restoreTargets);
      return { target: name, scratch, health: freshest(found.filter(({ target }) => target === name)) };
    });
  }
}

export interface RestoreTargetState {
  readonly target: string;
  readonly scratch: boolean;
  readonly health: RestoreTargetHealth | null;
}

function freshest<T extends { readonly checkedAt: Date | null }>(found: readonly T[]): T | null {
  return [...found].sort((a, b) => (b.checkedAt?.getTime() ?? 0) - (a.checkedAt?.getTime() ?? 0))[0] ?? null;
}

function healthOf(target: string, workers: readonly SeenWorker[]): TargetHealth | null {
  const alive = workers.filter(isAlive);
  return freshest(alive.flatMap((worker) => worker.targets.filter((health) => health.target === target)));
}
