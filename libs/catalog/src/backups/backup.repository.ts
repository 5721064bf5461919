import type { Clock } from '#contracts';
import type { BackupRepository } from '../contract/backups.js';
import type { Tasks } from '../tasks/task-record.js';
import { claims } from './backup-claims.js';
import { endings } from './backup-endings.js';
import { lifecycle } from './backup-lifecycle.js';
import { queries } from './backup-queries.js';
import type { Backups } from './backup-record.js';
import { knownTargets, type Targets } from './known-targets.js';
import { fleetPlaces } from './fleet-places.js';
import { recoveryHistory } from './recovery-history.js';
import { storageBytes, storageHistory } from './storage-history.js';
import { uses } from './backup-uses.js';
import { catalogTotals, durationPercentiles } from './catalog-totals.js';
import { SettledStateSums, stateSums } from './state-sums.js';
import { statsOf } from './stats-of.js';
import { insertion } from './insert-backup.js';

export function backupRepository(
  backups: Backups,
  tasks: Tasks,
  targets: Targets,
  { clock, serverNow }: { readonly clock: Clock; readonly serverNow: () => Promise<Date> },
): BackupRepository {
  const now = () => clock.now();
  const sums = new SettledStateSums(backups, serverNow);
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
    recoveryHistory: (target, now) => recoveryHistory(backups, target, now),
    totals: async (at) => catalogTotals(backups, await known.all(), {}, at, () => sums.of(at)),
    durations: (filter, at) => durationPercentiles(backups, filter, at),
    async stats(filter, at) {
      const names = filter.target === undefined ? await known.all() : [filter.target];
      const [totals, durations] = await Promise.all([
        catalogTotals(backups, names, filter, at, () => stateSums(backups, filter)),
        durationPercentiles(backups, filter, at),
      ]);
      return statsOf(totals, durations, filter.target);
    },
  };
}
