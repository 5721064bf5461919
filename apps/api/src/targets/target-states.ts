import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { ApiConfig, TargetConfig } from '#config';
import type { ScheduleRecord, TargetHealth, WorkerReport } from '#contracts';
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
  /** As the freshest worker that is alive found it; null: nobody tells. */
  readonly health: TargetHealth | null;
}

/** Beats that a worker may miss before what it published counts as unknown (docs/DESIGN.md). */
const beatsUntilUnknown = 3;

/** What is known of every configured target: from the configuration, the schedules, the records and what workers published. */
@Injectable()
export class TargetStates {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
  ) {}

  async all(now: Date): Promise<readonly TargetState[]> {
    const [schedules, lastSuccess, workers] = await Promise.all([
      this.catalog.schedules.all(),
      this.catalog.backups.lastSuccess(),
      this.catalog.workers.all(),
    ]);
    return this.config.targets.map((config) => {
      const target = config.name;
      const schedule = schedules.find((record) => record.target === target) ?? null;
      const lastSuccessAt = lastSuccess[target] ?? null;
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
        health: healthOf(target, workers, now),
      };
    });
  }
}

export function isAlive(worker: WorkerReport, now: Date): boolean {
  return now.getTime() - worker.beatAt.getTime() <= beatsUntilUnknown * worker.beatSeconds * 1000;
}

function healthOf(target: string, workers: readonly WorkerReport[], now: Date): TargetHealth | null {
  const found = workers
    .filter((worker) => isAlive(worker, now))
    .flatMap((worker) => worker.targets.filter((health) => health.target === target))
    .sort((a, b) => (b.checkedAt?.getTime() ?? 0) - (a.checkedAt?.getTime() ?? 0));
  return found[0] ?? null;
}
