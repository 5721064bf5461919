import type { BackupJson } from '#contracts';
import { formatBytes, formatCount, formatTable, formatTime, printable, shorten } from './format.js';

/** `hazina list`: a line for each backup of a store. */
export function backupsTable(backups: readonly BackupJson[]): string {
  const header = ['BACKUP', 'COMPLETED', 'DATABASES', 'DOCUMENTS', 'DATA', 'STORED', 'AS OF', 'LABEL'];
  const rows = backups.map((backup) => [
    backup.backupId,
    formatTime(backup.completedAt),
    shorten(printable(backup.part ?? backup.databases.join(', ')) || '(empty)'),
    formatCount(backup.totals.documents),
    formatBytes(backup.totals.bsonBytes),
    formatBytes(backup.objects.data.bytes + backup.objects.manifest.bytes),
    asOf(backup.consistency),
    printable(backup.label ?? ''),
  ]);
  return formatTable([header, ...rows], [3, 4, 5]);
}

/** The moment that all collections are of; most backups of servers without snapshots have none. */
function asOf({ mode, at }: BackupJson['consistency']): string {
  if (at === null) return mode === 'none' ? 'no moment' : mode;
  return `${new Date(at.t * 1000).toISOString().slice(11, 19)}Z${mode === 'oplog' ? ' with its oplog' : ''}`;
}
