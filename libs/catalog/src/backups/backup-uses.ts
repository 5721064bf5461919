import { useKinds } from '#contracts';
import type { BackupRepository } from '../contract/backups.js';
import type { ClaimRef } from '../contract/claims.js';
import { op } from '../store/record-collection.js';
import { event, type Backups } from './backup-record.js';
import { keptVerifications } from './verification-outcome.js';

type Uses = Pick<
  BackupRepository,
  | 'takeUse'
  | 'beatUse'
  | 'endUse'
  | 'usesHeld'
  | 'expireUse'
  | 'raiseForRewrite'
  | 'recordRewrite'
  | 'recommitted'
  | 'recommitsDue'
>;

const unheld = { 'use.kind': null, 'use.owner': null } as const;

/**
 * Uses that have no record of their own, and the rewrite, which shares the backup with nobody. A use is taken by one update that asks for `completed`, as a
 * deletion marks by one that does: at least one of the two gives way. It ends with its lease.
 */
export function uses(backups: Backups): Uses {
  return {
    async takeUse(backupId, kind, owner) {
      const taken = await backups.update(
        { backupId, status: 'completed', 'use.kind': null },
        { $set: { 'use.kind': kind, 'use.owner': owner }, $inc: { 'use.fence': 1, 'use.beat': 1 } },
      );
      if (taken !== null) return { outcome: 'taken', ref: { id: backupId, fence: taken.use.fence } };
      const found = await backups.findOne({ backupId }, { only: ['status', 'use'] });
      if (found === null) return { outcome: 'no-record' };
      const { status, use } = found as { status: typeof found.status; use?: typeof found.use };
      if (status !== 'completed') return { outcome: 'not-completed', status };
      // Ended between the two looks: as good as busy, and free at the next.
      return { outcome: 'busy', kind: use?.kind ?? kind, fence: use?.fence ?? 0, beat: use?.beat ?? 0 };
    },

    async beatUse(ref) {
      const held = await backups.change(heldUse(ref), { $inc: { 'use.beat': 1 } });
      return held ? { state: 'held', cancelRequested: false } : { state: 'lost' };
    },

    async endUse(ref) {
      await backups.change(heldUse(ref), { $set: unheld });
    },

    async usesHeld() {
      // The type is what the partial index asks for; by the names alone FerretDB finds them in it.
      const held = { 'use.kind': op({ $type: 'string', $in: [...useKinds] }) };
      const found = await backups.find(held, { only: ['backupId', 'use'] });
      return found.map(({ backupId, use: { fence, beat } }) => ({ kind: 'use', id: backupId, fence, beat }));
    },

    expireUse(backupId, { fence, beat }) {
      return backups.change({ ...heldUse({ id: backupId, fence }), 'use.beat': beat }, { $set: unheld });
    },

    async raiseForRewrite(ref, above) {
      const raised = await backups.update(rewriting(ref), { $inc: { 'claim.fence': 1 } });
      if (raised === null || raised.claim.fence > above) return raised?.claim.fence ?? null;
      const higher = await backups.update(rewriting(ref), { $set: { 'claim.fence': above + 1 } });
      return higher?.claim.fence ?? null;
    },

    async recordRewrite(ref, { attempt, bytes, hash, size, keyIds, storeId, provenFrom, at }) {
      const before = await backups.findOne(rewriting(ref), { only: ['s3Key'] });
      if (before === null) return false;
      const verification = {
        ...{ verificationId: `${ref.id}-r${attempt}`, level: 'readable', status: 'completed', error: null },
        ...{ startedAt: provenFrom, completedAt: at },
      };
      const recorded = await backups.change(
        { ...rewriting(ref), 'commit.attempt': op({ $ne: attempt }) },
        {
          $set: {
            ...{ commit: { attempt, bytes }, commitDue: true, hash, size, keyIds: [...keyIds] },
            // Whoever seals it anew does so in the primary store.
            ...{ place: null, ...(storeId === null ? {} : { storeId }) },
            s3Key: before.s3Key?.replace(/[1-9][0-9]*\/data\.hzn$/, `${attempt}/data.hzn`) ?? null,
            verificationStatus: { verified: true, level: 'readable', verifiedAt: at, verificationHash: hash },
            ...{ verificationFailed: false, marksBehind: true },
          },
          $max: { lastProvenAt: provenFrom, verifyFrom: provenFrom },
          $inc: { 'marks.wanted': 1 },
          $push: {
            verifications: { $each: [verification], $slice: -keptVerifications },
            ...event(
              at,
              'rewritten',
              `Sealed anew as attempt ${attempt}, and read to its end: it opens with ${keyIds.join(', ')}`,
            ),
          },
        },
      );
      // The same once more, because the reply to the first was lost, is no other commit.
      return recorded || backups.exists({ ...rewriting(ref), 'commit.attempt': attempt, 'commit.bytes': bytes });
    },

    recommitted(backupId, attempt) {
      return backups.change({ backupId, 'commit.attempt': attempt }, { $set: { commitDue: false } });
    },

    async recommitsDue() {
      const broken = { commitDue: true, status: 'completed', 'use.kind': op({ $ne: 'rewrite' }) };
      return (await backups.find(broken, { only: ['backupId'] })).map(({ backupId }) => backupId);
    },
  };
}

function heldUse({ id, fence }: ClaimRef): { backupId: string; 'use.fence': number; 'use.kind': unknown } {
  return { backupId: id, 'use.fence': fence, 'use.kind': op({ $type: 'string' }) };
}

/** A deletion that was asked for meanwhile is refused for the use, and gives the record back. */
function rewriting({ id, fence }: ClaimRef): Readonly<Record<string, unknown>> {
  const kept = op({ $in: ['completed', 'deleting'] });
  return { backupId: id, 'use.fence': fence, 'use.kind': 'rewrite', status: kept };
}
