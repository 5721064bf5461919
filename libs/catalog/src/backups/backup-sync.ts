import { saysDamaged, type RecordedEvent, type RecordedVerification } from '#contracts';
import type { RebuiltFacts, SyncRepository } from '../contract/sync.js';
import { never, type BackupDocument } from '../schemas/backup.schema.js';
import { op } from '../store/record-collection.js';
import { event, longFields, toBackupRecord, type Backups } from './backup-record.js';
import { recordedFacts } from './recorded-facts.js';
import type { KnownTargets } from './known-targets.js';

/** How records come back from the store. Each change is one conditional write, so any number of syncs may run beside workers. */
export function syncRepository(backups: Backups, targets: KnownTargets): SyncRepository {
  async function insert(facts: RebuiltFacts, before: readonly RecordedEvent[], at: Date): Promise<boolean> {
    await targets.note(facts.backup.target);
    return (await backups.insert(documentOf(facts, before, at))) !== null;
  }

  return {
    async page(target, after, limit) {
      // Ids of one target begin alike, and a range of them is what the unique index gives in order.
      const range = { $gt: after ?? `${target}-`, $lt: `${target}.` };
      const found = await backups.find(
        { backupId: op(range), target },
        { sort: { backupId: 1 }, limit, without: [...longFields, 'commit.bytes'] },
      );
      return found.map(toBackupRecord);
    },

    rebuild: (facts, at) => insert(facts, [], at),

    async rebuildOver(facts, { fence }, at) {
      const { backupId } = facts.backup;
      const over = { backupId, status: op({ $in: ['failed', 'cancelled'] }), 'claim.fence': fence };
      const before = await backups.findOne({ ...over, 'error.code': op({ $ne: 'commit/conflict' }) });
      if (before === null || !(await backups.remove(over))) return false;
      if (!(await insert(facts, before.events, at))) return false;
      // One went and one came: sums of what was made long ago are only added up anew where something tells of a change, and what is inserted has no time of one.
      await backups.change({ backupId }, { $set: { listed: true } });
      return true;
    },

    async takeMarks(backupId, { wanted, status }, found, at) {
      const { version, pinned, label } = found;
      const unchanged = { backupId, status, marksBehind: false, 'marks.wanted': wanted };
      const before = await backups.findOne(unchanged, { only: ['verifications', 'hash', 'completedAt', 'createdAt'] });
      if (before === null) return false;
      // One that could not be made says nothing.
      const known = before.verifications.map(({ status, error, completedAt }) =>
        status === 'completed' || (error !== null && saysDamaged(error.code)) ? (completedAt?.getTime() ?? 0) : 0,
      );
      // A catalogue that was set back to an older copy of itself lacks them.
      const areNewer = (found.verifications.at(-1)?.at.getTime() ?? 0) > Math.max(0, ...known);
      const { hash, completedAt, createdAt } = before;
      const verdicts = areNewer ? verdictsOf(backupId, found, { hash, completedAt: completedAt ?? createdAt }) : {};
      const marks = { wanted: version, written: version };
      const $push = event(at, 'marks-taken', 'As the marks in the store say');
      return backups.change(unchanged, { $set: { pinned, label, marks, ...verdicts }, $push });
    },

    takeRewrite(facts, { committed, status }, at) {
      const { backup, bytes, keyIds, s3Key, storeId, lockedUntil = null } = facts;
      const { attempt, objects } = backup;
      const unchanged = { backupId: backup.backupId, status, 'commit.attempt': committed, 'use.kind': null };
      const $set = {
        ...{ commit: { attempt, bytes }, commitDue: false, keyIds: [...keyIds], s3Key },
        ...{ hash: objects.data.sha256, size: objects.data.bytes, place: null, storeId, lockedUntil },
        // Whoever sealed it had no record to say that he read it to its end: nothing here has seen the new bytes, and a verification is due at once.
        verificationStatus: { verified: false, level: null, verifiedAt: null, verificationHash: null },
        ...{ verifyFrom: never, verifyNotBefore: null },
      };
      const $push = event(at, 'rewritten', `Sealed anew as attempt ${attempt}, as the store says`);
      return backups.change(unchanged, { $set, $max: { 'claim.fence': attempt }, $push });
    },
  };
}

function documentOf(facts: RebuiltFacts, before: readonly RecordedEvent[], at: Date): Partial<BackupDocument> {
  const { backup, bytes, createdAt, slot, marks, adopted } = facts;
  const { backupId, target, trigger, attempt } = backup;
  const data = recordedFacts(facts);
  return {
    ...data,
    ...{ backupId, target, trigger, createdAt, slot, status: 'completed' },
    correlationId: `rebuilt-${backupId}`,
    keyIds: [...facts.keyIds],
    pinned: marks.pinned,
    label: marks.label,
    marks: { wanted: marks.version, written: marks.version },
    commit: { attempt, bytes },
    claim: { fence: attempt, owner: null, beat: 0, lost: 0 },
    ...verdictsOf(backupId, marks, data),
    events: [
      ...before,
      adopted
        ? { at, type: 'adopted', message: 'Its folder was read to its end, and taken in without a run' }
        : { at, type: 'rebuilt', message: 'Made anew from what stands in the store' },
    ],
  };
}

/** What marks say of verifications, as a record has it. */
function verdictsOf(
  backupId: string,
  { verifications }: Pick<RebuiltFacts['marks'], 'verifications'>,
  { hash, completedAt }: { readonly hash: string | null; readonly completedAt: Date },
): Partial<BackupDocument> {
  const proven = verifications.filter(({ ok }) => ok).map(({ startedAt, at }) => (startedAt ?? at).getTime());
  const verdict = verifications.filter(({ level }) => level !== 'stored').at(-1);
  return {
    verifications: verifications.map((verification, at) => verificationOf(backupId, at + 1, verification)),
    verificationFailed: verifications.at(-1)?.ok === false,
    ...(verdict === undefined
      ? {}
      : {
          verificationStatus: verdict.ok
            ? { verified: true, level: verdict.level, verifiedAt: verdict.at, verificationHash: hash }
            : { verified: false, level: null, verifiedAt: null, verificationHash: null },
        }),
    lastProvenAt: new Date(Math.max(completedAt.getTime(), ...proven)),
    verifyFrom: proven.length === 0 ? never : new Date(Math.max(...proven)),
  };
}

/** Where the marks tell no id: apart from those of verification tasks. */
function verificationOf(
  backupId: string,
  number: number,
  { level, ok, at, error, verificationId, startedAt }: RebuiltFacts['marks']['verifications'][number],
): RecordedVerification {
  return {
    ...{ verificationId: verificationId ?? `${backupId}-m${number}`, level },
    ...{ startedAt: startedAt ?? at, completedAt: at },
    status: ok ? 'completed' : 'failed',
    error: ok
      ? null
      : {
          ...{ code: 'backup/damaged', stage: 'verify', retryable: false, hint: null },
          message: error ?? 'found damaged',
        },
  };
}
