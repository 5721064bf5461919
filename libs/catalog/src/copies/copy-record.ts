import type { BackupRecord, CopyRecord } from '#contracts';
import type { ClaimRef } from '../contract/claims.js';
import type { RecordCollection } from '../store/record-collection.js';

export type Copies = RecordCollection<CopyRecord>;

export function toCopyRecord(document: CopyRecord): CopyRecord {
  const stored: CopyRecord & { readonly _id?: unknown; readonly __v?: unknown } = document;
  const { _id, __v, ...record } = stored;
  return record;
}

export function copyIdOf(backupId: string, destination: string): string {
  return `${backupId}/${destination}`;
}

/** What of a backup a copy has: its bytes, its marks, its keys. */
export function copyStampOf({ hash, marks, keyIds }: Pick<BackupRecord, 'hash' | 'marks' | 'keyIds'>): string {
  return [hash ?? '', marks.written, ...keyIds].join(' ');
}

/** States in which somebody works on a copy. */
export const workedOn = ['copying', 'verifying'] as const;

/** The filter of every write of a run: after another claim it fits nothing. */
export function heldBy({ id, fence }: ClaimRef) {
  return { copyId: id, 'claim.fence': fence };
}
