import type { BackupRecord, CopyRecord, CopyState } from '#contracts';
import type { ClaimRef } from '../contract/claims.js';
import { op, type RecordCollection } from '../store/record-collection.js';

export type Copies = RecordCollection<CopyRecord>;

export function toCopyRecord(document: CopyRecord): CopyRecord {
  const stored: CopyRecord & { readonly _id?: unknown; readonly __v?: unknown } = document;
  const { _id, __v, ...record } = stored;
  return isUnmeasured(record) ? { ...record, storedBytes: record.bytes } : record;
}

/** States in which nothing of a copy stands there, whatever its dates say. */
const notThere: readonly CopyState[] = ['missing', 'removed'];

/**
 * Versions before quotas of destinations did not write `storedBytes`: what they copied, or still copy beside newer workers, stands there with none. A copy is as large
 * as what its backup had sealed (`bytes`), so that its size need not be asked for. As a filter of an aggregation; `isUnmeasured` is the same for a record.
 */
export const unmeasured = {
  ...{ storedBytes: { $in: [0, null] }, copiedAt: { $ne: null }, stamp: { $ne: null } },
  state: { $nin: [...notThere] },
};

function isUnmeasured({ storedBytes, copiedAt, stamp, state }: CopyRecord): boolean {
  return storedBytes === 0 && copiedAt !== null && stamp !== null && !notThere.includes(state);
}

export function copyIdOf(backupId: string, destination: string): string {
  return `${backupId}/${destination}`;
}

/** What of a backup a copy has: its bytes, its marks, its keys. */
export function copyStampOf({ hash, marks, keyIds }: Pick<BackupRecord, 'hash' | 'marks' | 'keyIds'>): string {
  return [hash ?? '', marks.written, ...keyIds].join(' ');
}

/** Nothing of it stands there (any more), and it is to be copied. */
export const toBeCopied = {
  ...{ state: 'pending', nextAttemptAt: null, verifyAt: null },
  ...{ copiedAt: null, storedBytes: 0, lockedUntil: null },
} as const;

const atRest: readonly CopyState[] = ['copied', 'verifying'];
const toFollow: readonly CopyState[] = ['pending', 'copying', 'failed'];

/** It stands there: also one whose marks or keys are older than the record's, and which is to be copied again. `whole` says the same as a filter. */
export function isWhole({ state, copiedAt }: Pick<CopyRecord, 'state' | 'copiedAt'>): boolean {
  return atRest.includes(state) || (toFollow.includes(state) && copiedAt !== null);
}

export const whole = {
  $or: [{ state: op({ $in: [...atRest] }) }, { state: op({ $in: [...toFollow] }), copiedAt: op({ $ne: null }) }],
};

/** States in which somebody works on a copy. */
export const workedOn = ['copying', 'verifying'] as const;

/** The filter of every write of a run: after another claim it fits nothing. */
export function heldBy({ id, fence }: ClaimRef) {
  return { copyId: id, 'claim.fence': fence };
}
