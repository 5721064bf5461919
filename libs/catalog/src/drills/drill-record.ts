import type { DrillRecord } from '#contracts';
import type { ClaimRef } from '../contract/claims.js';
import type { DrillDocument } from '../schemas/drill.schema.js';
import type { RecordCollection } from '../store/record-collection.js';

export type Drills = RecordCollection<DrillDocument>;

/** What grows with the number of namespaces; a list does without. */
export const longFields = ['report.namespaces'] as const;

/** The record without what only the collection needs. */
export function toDrill(document: DrillDocument): DrillRecord {
  const stored: DrillDocument & { readonly _id?: unknown; readonly __v?: unknown } = document;
  const { _id, __v, open, alertDue, ...record } = stored;
  return record;
}

export function toDrillOrNull(document: DrillDocument | null): DrillRecord | null {
  return document === null ? null : toDrill(document);
}

/** The filter of every write of a run: after another claim it fits nothing. */
export function heldBy(ref: ClaimRef): { drillId: string; status: 'in_progress'; 'claim.fence': number } {
  return { drillId: ref.id, status: 'in_progress', 'claim.fence': ref.fence };
}
