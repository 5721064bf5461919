import type { CopyRecord } from '#contracts';
import { errorFields, event, type Backups } from '../backups/backup-record.js';
import type { CopyRepository } from '../contract/copies.js';
import { op, type Filter } from '../store/record-collection.js';
import { heldBy, toCopyRecord, workedOn, type Copies } from './copy-record.js';

type Claims = Pick<
  CopyRepository,
  | 'claimNext'
  | 'claimStanding'
  | 'resealed'
  | 'beat'
  | 'look'
  | 'copied'
  | 'verified'
  | 'failed'
  | 'release'
  | 'lost'
  | 'stands'
  | 'inProgress'
  | 'expire'
  | 'uses'
>;

/** Looked at in one go: others may be faster with the first ones. */
const candidates = 10;
const held = { state: op({ $in: [...workedOn] }) };

/** How copies are worked on: under a claim whose fence every write filters on. */
export function copyClaims(copies: Copies, backups: Backups): Claims {
  async function take(filter: Filter, to: CopyRecord['state'], owner: string): Promise<CopyRecord | null> {
    const found = await copies.find(filter, {
      sort: { completedAt: -1 },
      limit: candidates,
      only: ['copyId', 'state'],
    });
    for (const { copyId, state } of found) {
      const taken = await copies.update(
        { copyId, state },
        { $set: { state: to, 'claim.owner': owner }, $inc: { 'claim.fence': 1, 'claim.beat': 1 } },
      );
      if (taken !== null) return toCopyRecord(taken);
    }
    return null;
  }

  return {
    async claimNext(destination, owner, now) {
      const isDue = { $or: [{ nextAttemptAt: null }, { nextAttemptAt: op({ $lte: now }) }] };
      const copying = { destination, state: op({ $in: ['pending', 'failed', 'missing'] }), ...isDue };
      const verifying = { destination, state: 'copied', verifyAt: op({ $lte: now, $ne: null }) };
      return (await take(copying, 'copying', owner)) ?? (await take(verifying, 'verifying', owner));
    },

    claimStanding: (copyId, owner) => take({ copyId, state: 'copied' }, 'verifying', owner),

    async resealed(ref, { at, attempt, hash, bytes, keyIds }) {
      const held = { ...heldBy(ref), state: 'verifying' };
      const copy = await copies.findOne(held, { only: ['stamp'] });
      if (copy === null) return false;
      const [, marks = '0'] = (copy.stamp ?? '').split(' ');
      const standing = { stamp: [hash, marks, ...keyIds].join(' '), sealedAs: attempt, bytes, storedBytes: bytes };
      return copies.change(held, { $set: { ...ended, ...standing, state: 'copied', verifiedAt: at } });
    },

    async beat(ref) {
      const beaten = await copies.change({ ...heldBy(ref), ...held }, { $inc: { 'claim.beat': 1 } });
      return beaten ? { state: 'held', cancelRequested: false } : { state: 'lost' };
    },

    async look(ref) {
      const copy = await copies.findOne({ ...heldBy(ref), ...held }, { only: ['backupId'] });
      if (copy === null) return { state: 'lost' };
      const cancelRequested = await backups.exists({ backupId: copy.backupId, status: 'deleting' });
      return { state: 'held', cancelRequested };
    },

    async copied(ref, { at, stamp, bytes, lockedUntil, verifyAt }) {
      const before = await copies.updateAndReturnOld(
        { ...heldBy(ref), state: 'copying' },
        {
          $set: {
            ...{ state: 'copied', stamp, bytes, storedBytes: bytes, copiedAt: at, verifyAt, thorough: false },
            ...{ lockedUntil, sealedAs: null },
            ...ended,
          },
        },
      );
      if (before === null) return false;
      if (before.stamp === null || before.error !== null)
        await tell(backups, before, event(at, 'copied', `Copied to ${before.destination}`));
      return true;
    },

    async verified(ref, { at, verifyAt }) {
      const read = at === null ? {} : { verifiedAt: at };
      const verified = { $set: { state: 'copied', ...read, verifyAt, ...ended } };
      return copies.change({ ...heldBy(ref), state: 'verifying' }, verified);
    },

    async failed(ref, { error, at, nextAttemptAt, state, thorough }) {
      const failed = await copies.update(
        { ...heldBy(ref), ...held },
        {
          $set: {
            ...{ state, thorough, ...errorFields(error) },
            ...(state === 'missing' ? { copiedAt: null, storedBytes: 0 } : {}),
            ...(state === 'copied'
              ? { verifyAt: nextAttemptAt, nextAttemptAt: null }
              : { nextAttemptAt, verifiedAt: null }),
          },
          $inc: { attempts: 1 },
        },
      );
      if (failed === null) return null;
      if (failed.attempts === 1)
        await tell(backups, failed, event(at, 'copy-failed', `${failed.destination}: ${error.message}`));
      return toCopyRecord(failed);
    },

    async release(ref, notBefore) {
      const pending = { $set: { state: 'pending', nextAttemptAt: notBefore } };
      await copies.change({ ...heldBy(ref), state: 'copying' }, pending);
      await copies.change({ ...heldBy(ref), state: 'verifying' }, { $set: { state: 'copied' } });
    },

    lost: (ref) =>
      copies.change(
        { ...heldBy(ref), state: 'copying' },
        { $set: { ...ended, stamp: null, storedBytes: 0, verifyAt: null, state: 'removing' } },
      ),
    async stands(ref, { at, verifyAt, attempt }) {
      const held = { ...heldBy(ref), state: 'copying' };
      const copy = await copies.findOne(held, { only: ['bytes'] });
      if (copy === null) return false;
      const found = {
        state: 'copied',
        copiedAt: at,
        verifiedAt: at,
        verifyAt,
        storedBytes: copy.bytes,
        sealedAs: attempt,
      };
      return copies.change(held, { $set: { ...ended, ...found } });
    },

    async inProgress() {
      const found = await copies.find(held, { only: ['copyId', 'claim'] });
      return found.map(({ copyId, claim: { fence, beat } }) => ({ kind: 'copy', id: copyId, fence, beat }));
    },

    async expire(id, { fence, beat }) {
      const stoodStill = { copyId: id, 'claim.fence': fence, 'claim.beat': beat };
      const expired =
        (await copies.update({ ...stoodStill, state: 'copying' }, { $set: { state: 'pending' } })) ??
        (await copies.update({ ...stoodStill, state: 'verifying' }, { $set: { state: 'copied' } }));
      return expired === null ? null : toCopyRecord(expired);
    },

    uses: (backupId) => copies.exists({ backupId, ...held }),
  };
}

const ended = { attempts: 0, error: null, errorMessage: null, nextAttemptAt: null } as const;

async function tell(backups: Backups, { backupId }: CopyRecord, line: object): Promise<void> {
  await backups.change({ backupId }, { $push: line });
}
