import { op } from '../store/record-collection.js';

/** What a verification, a restore or a drill asks of its backup: that it stands, and that nobody seals it anew. */
export function usable(backupId: string): Readonly<Record<string, unknown>> {
  return { backupId, status: 'completed', 'use.kind': op({ $ne: 'rewrite' }) };
}
