import { describeConsistency, type BackupJson } from '#contracts';
import { formatBytes, formatDuration, plural } from './format.js';

export interface RunFacts {
  readonly location: string;
  readonly took: number;
  readonly verified: true | string | undefined;
}

/** What a finished backup tells its maker. */
export function summarizeBackup(backup: BackupJson, { location, took, verified }: RunFacts): string {
  const { totals, objects } = backup;
  const contents = [
    plural(totals.databases, 'database'),
    plural(totals.collections, 'collection'),
    ...(totals.views > 0 ? [plural(totals.views, 'view')] : []),
    plural(totals.documents, 'document'),
  ];
  const stored = objects.data.bytes + objects.manifest.bytes;
  const ratio = totals.archiveBytes / objects.data.bytes;
  const rate = totals.archiveBytes / Math.max(took / 1000, 0.001);
  return [
    `Backup ${backup.backupId} is complete${verified === undefined ? '' : ' and verified'}`,
    `  holds    ${contents.join(', ')}, ${formatBytes(totals.bsonBytes)}`,
    `  as of    ${describeConsistency(backup.consistency)}`,
    `  stored   ${formatBytes(stored)} in ${location} (${ratio.toFixed(1)} : 1, ${backup.content.compression}, encrypted)`,
    `  took     ${formatDuration(took)}, ${formatBytes(rate)}/s, engine ${backup.engine.name}`,
    `  restore  hazina restore ${backup.backupId} --to-env NAME`,
  ].join('\n');
}
