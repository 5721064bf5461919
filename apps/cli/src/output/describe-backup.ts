import { describeConsistency, type BackupJson, type ManifestNamespace } from '#contracts';
import { formatBytes, formatCount, formatTable, plural, printable } from './format.js';

export interface BackupDescription {
  readonly warnings: readonly string[];
  readonly location: string;
  /** Known with a key only. */
  readonly namespaces: readonly ManifestNamespace[] | undefined;
}

/** A backup in full, for people. */
export function describeBackup(backup: BackupJson, { warnings, location, namespaces }: BackupDescription): string {
  const { totals, objects, consistency, server, engine, part } = backup;
  const facts: [string, string][] = [
    ['backup', backup.backupId],
    ['target', `${backup.target} (${backup.trigger}, attempt ${backup.attempt})`],
    ['started', backup.startedAt],
    ['completed', backup.completedAt],
    ['expires', backup.expiresAt ?? 'not by its age'],
    ['label', backup.label === null ? '–' : printable(backup.label)],
    ['pinned', backup.pinned ? 'yes' : 'no'],
    ['databases', printable(backup.databases.join(', ')) || '(empty)'],
    ...(part === undefined ? [] : [['part', `${printable(part)}, chosen by hand`] satisfies [string, string]]),
    [
      'holds',
      `${plural(totals.collections, 'collection')}, ${plural(totals.views, 'view')}, ${plural(totals.documents, 'document')}`,
    ],
    ['data', `${formatBytes(totals.bsonBytes)}, archive ${formatBytes(totals.archiveBytes)}`],
    [
      'stored',
      `${formatBytes(objects.data.bytes + objects.manifest.bytes)} in ${location} (${backup.content.compression})`,
    ],
    ['sha256', objects.data.sha256],
    ['keys', backup.keyIds.join(', ')],
    ['engine', `${engine.name} ${engine.version}, server ${server.version} (${server.topology})`],
    ['consistent', describeConsistency(consistency)],
    ...warnings.map((warning): [string, string] => ['warning', printable(warning)]),
  ];
  const table = formatTable(facts);
  return namespaces === undefined || namespaces.length === 0 ? table : `${table}\n\n${describeNamespaces(namespaces)}`;
}

export function describeNamespaces(namespaces: readonly NamespaceRow[]): string {
  const header = ['NAMESPACE', 'TYPE', 'DOCUMENTS', 'DATA', 'INDEXES'];
  const rows = namespaces.map(({ db, collection, type, documents, bsonBytes, indexes }) => [
    printable(`${db}.${collection}`),
    type,
    formatCount(documents),
    formatBytes(bsonBytes),
    String(indexes.length),
  ]);
  return formatTable([header, ...rows], [2, 3, 4]);
}

export interface NamespaceRow {
  readonly db: string;
  readonly collection: string;
  readonly type: string;
  readonly documents: number;
  readonly bsonBytes: number;
  readonly indexes: readonly unknown[];
}
