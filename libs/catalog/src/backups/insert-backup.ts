import { AppError, type BackupRecord } from '#contracts';
import type { BackupRepository, InsertOutcome, NewBackup } from '../contract/backups.js';
import { move } from '../moves.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op } from '../store/record-collection.js';
import { unavailable } from '../store/translate-error.js';
import { event, failedFields, toBackupRecord, toRecordOrNull, type Backups } from './backup-record.js';
import type { KnownTargets } from './known-targets.js';

type Insertion = Pick<BackupRepository, 'insert' | 'withdraw' | 'promoteWaiting' | 'waitingTargets'>;

/** A pending record without the target's place: only slots wait. */
const waiting = { status: 'pending', running: op({ $exists: false }) } as const;

/** Each look that led to nothing means that somebody else got further; so many in a row do not happen. */
const mostLooks = 50;

/** How a record comes in, and how it gets its target's one running place. Unique indexes decide, so any number of processes may try. */
export function insertion(backups: Backups, targets: KnownTargets): Insertion {
  async function promoteWaiting(target: string): Promise<BackupRecord | null> {
    for (let look = 0; look < mostLooks; look += 1) {
      const newest = await backups.findOne({ target, ...waiting }, { sort: { slot: -1 }, only: ['backupId'] });
      if (newest === null || (await backups.exists({ running: target }))) return null;
      const { backupId } = newest;
      const promoted = await backups.updateUnlessTaken({ backupId, ...waiting }, { $set: { running: target } });
      if (promoted !== null) return toBackupRecord(promoted);
      // Somebody took the place, or this record is waiting no more: look again.
    }
    return null;
  }

  async function insertWaiting(backup: NewBackup): Promise<InsertOutcome | null> {
    const { backupId, target } = backup;
    const queued = await backups.insert(fieldsOf(backup));
    if (queued === null) return null;
    const superseded = await supersede(backups, target, backup.createdAt);
    // The place may have become free while this was inserted, and whoever freed it did not see this record.
    const promoted = await promoteWaiting(target);
    if (promoted?.backupId === backupId && superseded.length === 0) return { outcome: 'inserted', record: promoted };
    const record = toRecordOrNull(await backups.findOne({ backupId })) ?? toBackupRecord(queued);
    return { outcome: 'waiting', record, superseded };
  }

  async function insert(backup: NewBackup): Promise<InsertOutcome> {
    const { target, slot } = backup;
    await targets.note(target);
    for (let look = 0; look < mostLooks; look += 1) {
      const existing = await findExisting(backups, backup);
      if (existing !== null) return { outcome: 'exists', record: existing };
      const running = await backups.findOne({ running: target }, { only: ['backupId'] });
      if (running === null) {
        const placed = await backups.insert({ ...fieldsOf(backup), running: target });
        if (placed !== null) return { outcome: 'inserted', record: toBackupRecord(placed) };
      } else if (slot === null) {
        return { outcome: 'busy', runningId: running.backupId };
      } else {
        const outcome = await insertWaiting(backup);
        if (outcome !== null) return outcome;
      }
      // An index refused it: somebody was faster, and the next look tells who.
    }
    throw unavailable(`too much goes on with target ${target} to insert a backup of it`);
  }

  return {
    insert,
    promoteWaiting,
    withdraw: (backupId) => backups.remove({ backupId, status: 'pending', 'claim.fence': 0 }),
    waitingTargets: () => backups.distinct('target', waiting),
  };
}

function fieldsOf(backup: NewBackup): Partial<BackupDocument> {
  const { backupId, target, trigger, slot, correlationId, createdAt, label, pinned, jobNumber } = backup;
  const events = [{ at: createdAt, type: 'created', message: `Created: ${trigger}` }];
  return {
    ...{ backupId, target, trigger, slot, correlationId, createdAt, label, pinned, jobNumber },
    status: 'pending',
    events,
  };
}

async function findExisting(backups: Backups, { backupId, target, slot }: NewBackup): Promise<BackupRecord | null> {
  const byId = await backups.findOne({ backupId });
  if (byId !== null || slot === null) return toRecordOrNull(byId);
  return toRecordOrNull(await backups.findOne({ target, slot }));
}

/** Of those that wait for a target only the one with the newest slot goes on. */
async function supersede(backups: Backups, target: string, at: Date): Promise<readonly BackupRecord[]> {
  const [newest, ...older] = await backups.find({ target, ...waiting }, { sort: { slot: -1 } });
  const { filter, set } = move(['pending'], 'failed');
  const superseded: BackupRecord[] = [];
  for (const { backupId, slot } of older) {
    const error = new AppError({
      code: 'superseded',
      stage: 'queue',
      message: `The backup of ${slot?.toISOString() ?? 'this slot'} was not made: another one ran until ${newest?.slot?.toISOString() ?? 'the next slot'} was due`,
      hint: 'The backups of this target take longer than the time between two of them: run them less often, or find out what slows them',
    });
    const changed = await backups.update(
      { backupId, ...filter, running: op({ $exists: false }) },
      {
        $set: { ...set, ...failedFields(error, at), nextAttemptAt: null },
        $push: event(at, 'failed', error.message),
      },
    );
    if (changed !== null) superseded.push(toBackupRecord(changed));
  }
  return superseded;
}
