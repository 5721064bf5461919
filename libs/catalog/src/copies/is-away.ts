import type { BackupRecord } from '#contracts';

/** What the primary store has not (any more), and is to get from a destination. */
export function isAway({ status, place }: Pick<BackupRecord, 'status' | 'place'>): boolean {
  return status === 'missing' || (status === 'completed' && place !== null);
}
