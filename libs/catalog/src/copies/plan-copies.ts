import type { BackupRecord, CopyRecord } from '#contracts';
import type { Backups } from '../backups/backup-record.js';
import type { CopyPlanRequest, CopyVerifications } from '../contract/copies.js';
import { op } from '../store/record-collection.js';
import { copyIdOf, copyStampOf, toBeCopied, type Copies } from './copy-record.js';

const dayMs = 86_400_000;
const wantedFields = ['backupId', 'target', 'hash', 'marks', 'keyIds', 'completedAt', 'createdAt', 'size', 'pinned'];

/** Brings the copies of a destination in line with the backups. Every change is conditional, so that any number of workers may plan at once. */
export async function planCopies(
  copies: Copies,
  backups: Backups,
  { destination, targets, ownRetention, renew = false, verify }: CopyPlanRequest,
  now: Date,
): Promise<number> {
  const wanted = await backups.find(
    { status: 'completed', target: op({ $in: [...targets] }) },
    { only: wantedFields, sort: { completedAt: 1 } },
  );
  const known = new Map((await copies.find({ destination })).map((copy) => [copy.backupId, copy]));
  let changes = 0;
  for (const backup of wanted) {
    const copy = known.get(backup.backupId);
    if (copy === undefined) changes += (await insertCopy(copies, backup, destination)) ? 1 : 0;
    else if (isOld(copy, backup)) changes += (await again(copies, copy)) ? 1 : 0;
    // Only rules of its own let go what the primary store has: without them, or pinned, it is wanted again.
    else if (renew && copy.state === 'removed' && (!ownRetention || backup.pinned))
      changes += (await anew(copies, copy)) ? 1 : 0;
  }
  const standing = new Set(wanted.map(({ backupId }) => backupId));
  const doubtful = [...known.values()].filter(({ backupId, state }) => !standing.has(backupId) && isKept(state));
  changes += await removeDeleted(copies, backups, doubtful, { ownRetention, now });
  return verify === undefined ? changes : changes + (await planVerifications(copies, [...known.values()], verify));
}

/** What stands there and has no date for its verification. */
async function planVerifications(
  copies: Copies,
  known: readonly CopyRecord[],
  { at, againMs }: CopyVerifications,
): Promise<number> {
  const undated = known.filter(
    // Where once is enough, those that were read back once have none for good.
    ({ state, verifyAt, verifiedAt }) =>
      state === 'copied' && verifyAt === null && (verifiedAt === null || againMs !== null),
  );
  let changes = 0;
  for (const [index, { copyId, verifiedAt }] of undated.entries()) {
    // Many of them one after another: what else is done there must not wait for all.
    const spreadMs = (index / undated.length) * dayMs;
    const verifyAt = new Date(verifiedAt === null ? at.getTime() + spreadMs : verifiedAt.getTime() + (againMs ?? 0));
    if (await copies.change({ copyId, state: 'copied', verifyAt: null }, { $set: { verifyAt } })) changes += 1;
  }
  return changes;
}

/** A copy that is to be made. False: another planned it. */
export async function insertCopy(
  copies: Copies,
  {
    backupId,
    target,
    completedAt,
    createdAt,
    size,
  }: Pick<BackupRecord, 'backupId' | 'target' | 'completedAt' | 'createdAt' | 'size'>,
  destination: string,
): Promise<boolean> {
  const inserted = await copies.insert({
    ...{ copyId: copyIdOf(backupId, destination), backupId, destination, target, state: 'pending' },
    ...{ completedAt: completedAt ?? createdAt, bytes: size ?? 0 },
  });
  return inserted !== null;
}

function isOld({ state, stamp }: CopyRecord, backup: Pick<BackupRecord, 'hash' | 'marks' | 'keyIds'>): boolean {
  return state === 'copied' && stamp !== copyStampOf(backup);
}

function again(copies: Copies, { copyId, stamp }: CopyRecord): Promise<boolean> {
  return copies.change({ copyId, state: 'copied', stamp }, { $set: { state: 'pending', nextAttemptAt: null } });
}

function anew(copies: Copies, { copyId }: CopyRecord): Promise<boolean> {
  const update = { $set: { ...toBeCopied, removedAt: null, verifiedAt: null } };
  return copies.change({ copyId, state: 'removed' }, update);
}

function isKept(state: CopyRecord['state']): boolean {
  return state !== 'removing' && state !== 'removed';
}

/**
 * A deleted backup's copies go too; but for those that a retention of their own keeps when it was retention that took the backup away. They are noted: a worker that
 * knows of no such retention (any more) must not take the whole archive for leftovers.
 */
async function removeDeleted(
  copies: Copies,
  backups: Backups,
  doubtful: readonly CopyRecord[],
  { ownRetention, now }: { readonly ownRetention: boolean; readonly now: Date },
): Promise<number> {
  if (doubtful.length === 0) return 0;
  const ids = doubtful.map(({ backupId }) => backupId);
  const deleted = await backups.find(
    { status: 'deleted', backupId: op({ $in: ids }) },
    { only: ['backupId', 'deletedBy', 'deletedAt'] },
  );
  const byId = new Map(deleted.map((backup) => [backup.backupId, backup]));
  let changes = 0;
  for (const { copyId, backupId, state, outlived } of doubtful) {
    const backup = byId.get(backupId);
    if (backup === undefined) continue;
    const isByRetention = backup.deletedBy === 'retention';
    // What goes with its backup is marked within minutes, be the destination there or not: this one was kept, by a version that did not note it.
    const isOldArchive = state === 'copied' && now.getTime() - (backup.deletedAt?.getTime() ?? 0) > dayMs;
    if (isByRetention && (ownRetention || outlived || isOldArchive)) {
      if (!outlived) await copies.change({ copyId }, { $set: { outlived: true } });
      continue;
    }
    const kept = {
      ...{ copyId, state: op({ $nin: ['removing', 'removed', 'copying', 'verifying'] }) },
      ...(isByRetention ? { outlived: op({ $ne: true }) } : {}),
    };
    const update = { $set: { state: 'removing', nextAttemptAt: null, verifyAt: null, attempts: 0 } };
    if (await copies.change(kept, update)) changes += 1;
  }
  return changes;
}
