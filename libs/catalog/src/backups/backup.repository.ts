import type { Clock } from '#contracts';
import type { BackupRepository } from '../contract/backups.js';
import type { Tasks } from '../tasks/task-record.js';
import { claims } from './backup-claims.js';
import { endings } from './backup-endings.js';
import { lifecycle } from './backup-lifecycle.js';
import { queries } from './backup-queries.js';
import type { Backups } from './backup-record.js';
import { knownTargets, type Targets } from './known-targets.js';
import { backupStats, storageBytes } from './backup-stats.js';
import { fleetPlaces } from './fleet-places.js';
import { storageHistory } from './storage-history.js';
import { uses } from './backup-uses.js';
import { insertion } from './insert-backup.js';

export function backupRepository(backups: Backups, tasks: Tasks, targets: Targets, clock: Clock): BackupRepository {
  const now = () => clock.now();
  const known = knownTargets(targets);
  return {
    ...insertion(backups, known),
    ...claims(backups, now),
    ...fleetPlaces(backups),
    ...endings(backups, now),
    ...lifecycle(backups, tasks),
    ...uses(backups),
    ...queries(backups, known, clock),
    storageBytes: () => storageBytes(backups),
    storageHistory: (filter, now) => storageHistory(backups, filter, now),
    stats: (filter, at) => backupStats(backups, known, filter, at),
  };
}
