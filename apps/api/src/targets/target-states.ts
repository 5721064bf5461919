import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, SeenWorker } from '#catalog';
import type { ApiConfig, TargetConfig } from '#config';
import type { ScheduleRecord, TargetHealth } from '#contracts';
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

  /** `workers`: for whoever has asked for them already. */
  async all(now: Date, workers = this.catalog.workers.all()): Promise<readonly TargetState[]> {
    const [schedules, lastSuccess, seen] = await Promise.all([
      this.catalog.schedules.all(),
      this.catalog.backups.lastSuccess(),
      workers,
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
        health: healthOf(target, seen),
      };
    });
  }
}

export function isAlive({ sinceBeatMs, beatSeconds }: SeenWorker): boolean {
  return sinceBeatMs <= beatsUntilUnknown * beatSeconds * 1000;
}

function healthOf(target: string, workers: readonly SeenWorker[]): TargetHealth | null {
  const found = workers
    .filter(isAlive)
    .flatMap((worker) => worker.targets.filter((health) => health.target === target))
    .sort((a, b) => (b.checkedAt?.getTime() ?? 0) - (a.checkedAt?.getTime() ?? 0));
  return found[0] ?? null;
}
