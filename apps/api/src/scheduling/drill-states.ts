import type { Catalog } from '#catalog';
import type { ApiConfig, TargetConfig } from '#config';
import { nextSlots } from './slots.js';

export interface DrillState {
  readonly target: string;
  /** The slot whose drill did not find all equal, when its time is up; null: not overdue. */
  readonly overdueSince: Date | null;
  readonly lastGoodAt: Date | null;
}

/**
 * A scheduled drill that did not find all equal `drillOverdueMs` after its slot is overdue: also when it failed, and when every worker is dead. `since`:
 * nothing before it is overdue where no drill was ever made.
 */
export async function drillStates(
  catalog: Catalog,
  { targets, drillOverdueMs }: Pick<ApiConfig, 'targets' | 'drillOverdueMs'>,
  now: Date,
  since: Date,
): Promise<readonly DrillState[]> {
  const scheduled = targets.filter(({ drill }) => drill.schedule.cron !== null);
  return Promise.all(scheduled.map((target) => judge(catalog, target, drillOverdueMs, now, since)));
}

async function judge(
  { drills }: Catalog,
  { name, drill }: TargetConfig,
  overdueMs: number,
  now: Date,
  since: Date,
): Promise<DrillState> {
  const lastGoodAt = (await drills.lastGood(name))?.completedAt ?? null;
  // One before the first drill, whose own slot is to count.
  const begun = (await drills.first(name))?.createdAt ?? since;
  const from = lastGoodAt ?? new Date((begun < since ? begun : since).getTime() - 1);
  const [expected] = nextSlots(drill.schedule, from, 1);
  const overdue = expected !== undefined && expected.getTime() + overdueMs < now.getTime();
  return { target: name, overdueSince: overdue ? expected : null, lastGoodAt };
}
