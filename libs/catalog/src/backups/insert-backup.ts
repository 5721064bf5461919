import { AppError, type BackupRecord } from '#contracts';
import type { BackupRepository, InsertOutcome, NewBackup } from '../contract/backups.js';
import { move } from '../moves.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter, type Update } from '../store/record-collection.js';
import { unavailable } from '../store/translate-error.js';
import { event, failedFields, toBackupRecord, toRecordOrNull, type Backups } from './backup-record.js';
import type { KnownTargets } from './known-targets.js';

type Insertion = Pick<BackupRepository, 'insert' | 'leaveSlots' | 'withdraw' | 'promoteWaiting' | 'waitingTargets'>;

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
    const queued = await backups.insert({ ...fieldsOf(backup), waitingSince: await waitingSince(backups, backup) });
    if (queued === null) return null;
    const superseded = await supersede(backups, target, backup.createdAt);
    superseded.push(...(await supersedeUnbegun(backups, backup)));
    // The place may have become free while this was inserted, and whoever freed it did not see this record.
    const promoted = await promoteWaiting(target);
    if (promoted?.backupId === backupId) return { outcome: 'inserted', record: promoted, superseded };
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
        if (placed !== null) return { outcome: 'inserted', record: toBackupRecord(placed), superseded: [] };
      } else if (slot === null) {
        // Whoever asks for one now does not wait for a slot that itself waits for its time.
        if (!(await giveWay(backups, running.backupId, backup)))
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
    async leaveSlots(target, after, at) {
      const early = await backups.find({ target, slot: op({ $gt: after }) }, { only: ['backupId', 'slot'] });
      for (const { backupId, slot } of early) {
        const message = `Made long before ${textOf(slot)}, by a clock that was ahead: that slot gets another backup`;
        await backups.change({ backupId, slot }, { $set: { slot: null }, $push: event(at, 'early', message) });
      }
    },
    promoteWaiting,
    withdraw: (backupId) => backups.remove({ backupId, status: 'pending', 'claim.fence': 0 }),
    waitingTargets: () => backups.distinct('target', waiting),
  };
}

function fieldsOf(backup: NewBackup): Partial<BackupDocument> {
  const { backupId, target, trigger, slot, correlationId, createdAt, label, pinned, jobNumber, part = null } = backup;
  const events = [{ at: createdAt, type: 'created', message: `Created: ${trigger}` }];
  return {
    ...{ backupId, target, trigger, slot, correlationId, createdAt, label, pinned, jobNumber, part },
    ...{ status: 'pending', waitingSince: createdAt },
    events,
  };
}

async function findExisting(backups: Backups, { backupId, target, slot }: NewBackup): Promise<BackupRecord | null> {
  const byId = await backups.findOne({ backupId });
  if (byId !== null || slot === null) return toRecordOrNull(byId);
  return toRecordOrNull(await backups.findOne({ target, slot }));
}

/** A slot that replaces older ones which were not begun waits for as long as they did: else a target that waits would lose its turn with each of its slots. */
async function waitingSince(backups: Backups, { target, slot, createdAt }: NewBackup): Promise<Date> {
  const unbegun = { target, status: 'pending', 'claim.fence': 0, slot: op({ $lt: slot }) };
  const [longest] = await backups.find(unbegun, { sort: { waitingSince: 1 }, limit: 1 });
  return longest?.waitingSince ?? longest?.createdAt ?? createdAt;
}

/** Of those that wait for a target only the one with the newest slot goes on. */
async function supersede(backups: Backups, target: string, at: Date): Promise<BackupRecord[]> {
  const [newest, ...older] = await backups.find({ target, ...waiting }, { sort: { slot: -1 } });
  const why = `another one ran until ${textOf(newest?.slot)} was due`;
  const hint =
    'The backups of this target take longer than the time between two of them: run them less often, or find out what slows them';
  const superseded: BackupRecord[] = [];
  for (const { backupId, slot } of older) {
    const { filter, update } = supersession(slot, why, hint, at);
    const changed = await backups.update({ backupId, ...filter, running: op({ $exists: false }) }, update);
    if (changed !== null) superseded.push(toBackupRecord(changed));
  }
  return superseded;
}

/**
 * A slot that holds the target's place, and that no worker has begun, gives way to a newer one: workers that come back make one backup of the target, not one of
 * then and one of now.
 */
async function supersedeUnbegun(backups: Backups, { target, slot, createdAt }: NewBackup): Promise<BackupRecord[]> {
  if (slot === null) return [];
  const unbegun = { running: target, 'claim.fence': 0, slot: op({ $lt: slot }) };
  const holder = await backups.findOne({ ...unbegun, status: 'pending' }, { only: ['backupId', 'slot'] });
  if (holder === null) return [];
  const why = `no worker had begun it when ${textOf(slot)} was due`;
  const hint = 'See whether workers run and what they are busy with: GET /api/admin/system';
  const { filter, update } = supersession(holder.slot, why, hint, createdAt);
  const { backupId } = holder;
  const changed = await backups.update({ backupId, ...unbegun, ...filter }, { ...update, $unset: { running: 1 } });
  return changed === null ? [] : [toBackupRecord(changed)];
}

/**
 * A slot that holds the target's place while it waits for its time (the end of a blackout, another try) leaves the place to a backup that somebody asks for now,
 * and waits behind it, as a slot of every busy target does. False: it does not wait, or has moved on to something else.
 */
async function giveWay(
  backups: Backups,
  holderId: string,
  { target, backupId, createdAt }: NewBackup,
): Promise<boolean> {
  const postponed = {
    ...{ backupId: holderId, running: target, status: 'pending', trigger: op({ $in: ['schedule', 'catch-up'] }) },
    ...{ 'commit.attempt': null, nextAttemptAt: op({ $gt: createdAt }) },
  };
  const $push = event(createdAt, 'gave-way', `Waits behind ${backupId}, which was asked for`);
  return (
    (await backups.change(postponed, { $unset: { running: 1 }, $push })) ||
    // The place has become free, or another's, since it was looked at.
    !(await backups.exists({ backupId: holderId, running: target }))
  );
}

function supersession(slot: Date | null, why: string, hint: string, at: Date): { filter: Filter; update: Update } {
  const { filter, set } = move(['pending'], 'failed');
  const message = `The backup of ${textOf(slot)} was not made: ${why}`;
  const error = new AppError({ code: 'superseded', stage: 'queue', message, hint });
  const $set = { ...set, ...failedFields(error, at), nextAttemptAt: null };
  return { filter, update: { $set, $push: event(at, 'failed', message) } };
}

function textOf(slot: Date | null | undefined): string {
  return slot?.toISOString() ?? 'a slot';
}
