import type { Backups } from '../backups/backup-record.js';
import { usable } from '../backups/usable.js';
import type { DrillRepository } from '../contract/drills.js';
import { toDrill, type Drills } from './drill-record.js';

type Insertion = Pick<DrillRepository, 'insert' | 'withdraw' | 'uses'>;

const unclaimed = { status: 'pending', 'claim.fence': 0 } as const;

/**
 * How drills come in. A drill is a use of its backup (spec/objects.md, "Deletion"): it is inserted first and looks at the backup then, as a deletion
 * marks first and looks for uses then; so at least one of the two gives way.
 */
export function drillInsertion(drills: Drills, backups: Backups): Insertion {
  return {
    async insert(drill) {
      const { backupId, drillId } = drill;
      const inserted = await drills.insert({ ...drill, status: 'pending', jobNumber: 1, open: backupId });
      if (inserted === null) return { outcome: 'exists' };
      if (await backups.exists(usable(backupId))) return { outcome: 'inserted', record: toDrill(inserted) };
      await drills.remove({ drillId, ...unclaimed });
      return { outcome: 'no-backup' };
    },
    withdraw: (drillId) => drills.remove({ drillId, ...unclaimed }),
    uses: (backupId) => drills.exists({ open: backupId }),
  };
}
