import type { UpkeepReport } from '#catalog';
import type { WorkerLog } from '../logging/worker-log.js';

/** What a look of the upkeep did; nothing when it did nothing. */
export function logUpkeep(log: WorkerLog, report: UpkeepReport): void {
  const { problems, ...done } = report;
  const told = Object.fromEntries(
    Object.entries(done).filter(([, ids]: [string, readonly unknown[]]) => ids.length > 0),
  );
  if (Object.keys(told).length > 0) log.info('follow-ups', told);
  for (const problem of problems) log.failure('follow-up not done', problem, 'catalog');
}
