import type { RestoreRecord } from '#contracts';
import type { ClaimRef } from '../contract/claims.js';
import type { RestoreDocument } from '../schemas/restore.schema.js';
import type { RecordCollection } from '../store/record-collection.js';

export type Restores = RecordCollection<RestoreDocument>;

/** What grows with the number of namespaces; a list does without. */
export const longFields = ['report.namespaces', 'report.findings', 'progress.namespaces'] as const;

/** The record without what only the collection needs. */
export function toRestore(document: RestoreDocument): RestoreRecord {
  const stored: RestoreDocument & { readonly _id?: unknown; readonly __v?: unknown } = document;
  const { _id, __v, open, running, alertDue, ...record } = stored;
  return record;
}

export function toRestoreOrNull(document: RestoreDocument | null): RestoreRecord | null {
  return document === null ? null : toRestore(document);
}

/** The filter of every write of a run: after another claim it fits nothing. */
export function heldBy(ref: ClaimRef): { restoreId: string; status: 'in_progress'; 'claim.fence': number } {
  return { restoreId: ref.id, status: 'in_progress', 'claim.fence': ref.fence };
}
