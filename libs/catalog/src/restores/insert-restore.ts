import type { Backups } from '../backups/backup-record.js';
import { usable } from '../backups/usable.js';
import type { InsertRestoreOutcome, NewRestore, RestoreRepository } from '../contract/restores.js';
import type { RestoreDocument } from '../schemas/restore.schema.js';
import { unavailable } from '../store/translate-error.js';
import { toRestore, type Restores } from './restore-record.js';

type Insertion = Pick<RestoreRepository, 'insert' | 'withdraw' | 'uses'>;

/** Each look that led to nothing means that a restore ended meanwhile; so many in a row do not happen. */
const mostLooks = 20;

/**
 * How restores come in. A restore is a use of its backup (spec/objects.md, "Deletion"): it is inserted first and looks at the backup then, as a deletion
 * marks first and looks for uses then; so at least one of the two gives way.
 */
export function restoreInsertion(restores: Restores, backups: Backups): Insertion {
  async function insert(restore: NewRestore): Promise<InsertRestoreOutcome> {
    for (let look = 0; look < mostLooks; look += 1) {
      const inserted = await restores.insert(fieldsOf(restore));
      if (inserted !== null) return lookAtBackup(inserted);
      const running = await restores.findOne({ running: restore.targetName }, { only: ['restoreId'] });
      if (running !== null) return { outcome: 'busy', runningId: running.restoreId };
    }
    throw unavailable(`too much goes on with the restore target ${restore.targetName}`);
  }

  async function lookAtBackup(inserted: RestoreDocument): Promise<InsertRestoreOutcome> {
    const { restoreId, backupId } = inserted;
    // A missing one may have a copy in a destination, which the asker has looked for.
    const isThere = (await backups.exists(usable(backupId))) || (await backups.exists({ backupId, status: 'missing' }));
    if (isThere) return { outcome: 'inserted', record: toRestore(inserted) };
    await restores.remove({ restoreId, ...unclaimed });
    return { outcome: 'no-backup' };
  }

  return {
    insert,
    withdraw: (restoreId) => restores.remove({ restoreId, ...unclaimed }),
    uses: (backupId) => restores.exists({ open: backupId }),
  };
}

const unclaimed = { status: 'pending', 'claim.fence': 0 } as const;

function fieldsOf(restore: NewRestore): Partial<RestoreDocument> {
  const { backupId, targetName, mode, dryRun } = restore;
  const isAlone = mode !== 'scratch' && !dryRun;
  return {
    ...restore,
    ...{ databases: [...restore.databases], include: [...restore.include], exclude: [...restore.exclude] },
    rename: restore.rename.map(({ from, to }) => ({ from, to })),
    ...{ status: 'pending', jobNumber: 1, open: backupId },
    ...(isAlone ? { running: targetName } : {}),
  };
}
