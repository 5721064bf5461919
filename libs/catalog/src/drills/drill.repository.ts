import type { Backups } from '../backups/backup-record.js';
import type { DrillRepository } from '../contract/drills.js';
import { drillInsertion } from './insert-drill.js';
import { drillQueries } from './drill-queries.js';
import type { Drills } from './drill-record.js';
import { drillRuns } from './drill-runs.js';

export function drillRepository(drills: Drills, backups: Backups): DrillRepository {
  return { ...drillInsertion(drills, backups), ...drillRuns(drills), ...drillQueries(drills) };
}
