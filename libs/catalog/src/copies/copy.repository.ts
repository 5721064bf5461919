import type { Clock, CopyState } from '#contracts';
import { errorFields, toBackupRecord, longFields, type Backups } from '../backups/backup-record.js';
import type { CopyRepository } from '../contract/copies.js';
import { op } from '../store/record-collection.js';
import { copyClaims } from './copy-claims.js';
import { copyHistory } from './copy-history.js';
import { copyIdOf, heldBy, toBeCopied, toCopyRecord, type Copies } from './copy-record.js';
import { planCopies } from './plan-copies.js';
import { planHome, standingCopies } from './plan-home.js';

export function copyRepository(copies: Copies, backups: Backups, clock: Clock): CopyRepository {
  return {
    ...copyClaims(copies, backups),
    plan: (request) => planCopies(copies, backups, request, clock.now()),
    planHome: () => planHome(copies, backups),
    standing: (backupIds) => standingCopies(copies, backupIds),
    forget: (ref) => copies.remove({ ...heldBy(ref), state: 'copying' }),

    async removing(destination, now) {
      const isDue = { $or: [{ nextAttemptAt: null }, { nextAttemptAt: op({ $lte: now }) }] };
      return (await copies.find({ destination, state: 'removing', ...isDue })).map(toCopyRecord);
    },
    beginRemove: (copyId) =>
      copies.change({ copyId, state: 'copied' }, { $set: { state: 'removing', nextAttemptAt: null, verifyAt: null } }),
    keep: (copyId) =>
      copies.change(
        { copyId, state: 'removing' },
        { $set: { state: 'copied', nextAttemptAt: null, error: null, errorMessage: null, attempts: 0 } },
      ),
    removed: (copyId, at) =>
      copies.change(
        { copyId, state: 'removing' },
        {
          $set: {
            ...{ state: 'removed', removedAt: at, stamp: null, storedBytes: 0, lockedUntil: null },
            ...{ error: null, errorMessage: null, attempts: 0 },
          },
        },
      ),
    async removeLater(copyId, error, nextAttemptAt) {
      const update = { $set: { ...errorFields(error), nextAttemptAt }, $inc: { attempts: 1 } };
      await copies.change({ copyId, state: 'removing' }, update);
    },

    async removeAfterLock(copyId, lockedUntil, nextAttemptAt) {
      const waiting = { lockedUntil, nextAttemptAt, error: null, errorMessage: null, attempts: 0 };
      await copies.change({ copyId, state: 'removing' }, { $set: waiting });
    },

    async markMissing(destination, backupIds) {
      let changed = 0;
      for (const backupId of backupIds) {
        const there = { copyId: copyIdOf(backupId, destination), state: 'copied' };
        const gone = { ...toBeCopied, state: 'missing', verifiedAt: null };
        if (await copies.change(there, { $set: gone })) changed += 1;
      }
      return changed;
    },
    async startAnew(destination) {
      const found = await copies.find(
        { destination, state: op({ $in: ['copied', 'failed', 'missing', 'copying', 'verifying'] }) },
        { only: ['copyId', 'state'] },
      );
      let changed = 0;
      for (const { copyId, state } of found) {
        // The fence rises: who still works on it for the old store writes nothing any more.
        const update = { $set: { ...toBeCopied, verifiedAt: null, thorough: false }, $inc: { 'claim.fence': 1 } };
        if (await copies.change({ copyId, state }, update)) changed += 1;
      }
      return changed;
    },

    async adopt(destination, { hash, keyIds, attempt, bytes, ...found }, at) {
      const inserted = await copies.insert({
        ...{ ...found, copyId: copyIdOf(found.backupId, destination), destination, state: 'copied' },
        // Marks lie there too: which ones, the next copy of them tells.
        ...{ stamp: [hash, 0, ...keyIds].join(' '), sealedAs: attempt, bytes, storedBytes: bytes, copiedAt: at },
        // The primary store has it no more.
        outlived: true,
      });
      return inserted !== null;
    },

    async kept(destination) {
      const found = (await copies.find({ destination, state: 'copied' })).map(toCopyRecord);
      const records = await backups.find(
        { backupId: op({ $in: found.map(({ backupId }) => backupId) }) },
        { without: longFields },
      );
      const byId = new Map(records.map((record) => [record.backupId, toBackupRecord(record)]));
      return found.map((copy) => ({ copy, backup: byId.get(copy.backupId) ?? null }));
    },
    async of(backupIds) {
      if (backupIds.length === 0) return [];
      return (await copies.find({ backupId: op({ $in: [...backupIds] }) })).map(toCopyRecord);
    },
    async counts() {
      const groups = await copies.aggregate<{
        _id: { destination: string; state: CopyState };
        count: number;
        oldest: Date;
      }>([
        {
          $group: {
            _id: { destination: '$destination', state: '$state' },
            count: { $sum: 1 },
            oldest: { $min: '$completedAt' },
          },
        },
      ]);
      return groups.map(({ _id, ...group }) => ({ ..._id, ...group }));
    },
    async bytesUnderWay(destination, without) {
      const making = { destination, state: 'copying', backupId: op({ $ne: without }) };
      const found = (await copies.find(making)).map(toCopyRecord);
      return found.reduce((sum, { bytes, storedBytes }) => sum + Math.max(0, bytes - storedBytes), 0);
    },
    storageHistory: (destination, now) => copyHistory(copies, destination, now),
    async newestFailure(destination) {
      const failed = { destination, error: op({ $ne: null }), state: op({ $ne: 'removed' }) };
      const found = await copies.findOne(failed, { sort: { completedAt: -1 } });
      return found === null ? null : toCopyRecord(found);
    },
    purge: (removedBefore) => copies.removeAll({ state: 'removed', removedAt: op({ $lt: removedBefore }) }),
  };
}
