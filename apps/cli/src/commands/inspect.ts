import type { Command } from 'commander';
import { describeConsistency, isBackupId, type BackupJson } from '#contracts';
import type { ContainerHeader } from '#crypto';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { describeNamespaces, type NamespaceRow } from '../output/describe-backup.js';
import { formatBytes, formatTable } from '../output/format.js';

export function registerInspect(program: Command, context: CliContext): void {
  const command = program
    .command('inspect')
    .description('Look into a backup or a file: header and key slots without a key, namespaces and counts with it.')
    .argument('<id-or-file>', 'ID of a backup, a sealed file, or a mongodump archive (plain or gzipped)');
  withJson(command).action((what: string) => inspect(what, context));
}

interface Findings {
  readonly name: string;
  readonly kind: 'sealed' | 'archive' | 'gzip' | 'zstd';
  readonly bytes: number;
  readonly header: ContainerHeader | null;
  /** Of a backup; a file does not tell. */
  readonly consistency?: BackupJson['consistency'];
  /** Null: sealed, and no key is set. */
  readonly namespaces: readonly NamespaceRow[] | null;
}

async function inspect(what: string, context: CliContext): Promise<void> {
  const findings = isBackupId(what) ? await inspectBackup(what, context) : await inspectFile(what, context);
  if (context.json) context.printJson(findings);
  else context.print(describe(findings));
}

async function inspectBackup(id: string, context: CliContext): Promise<Findings> {
  const config = context.config({ store: true, keys: 'optional' });
  const { readingKeyRing, withStore } = await import('../open-store.js');
  const { readHeaderOf, proveBackup, requireBackupJson } = await import('#pipeline');
  const ring = await readingKeyRing(config, context);
  return withStore(config, async (store) => {
    const backup = await requireBackupJson(store, id, context.signal);
    const proven = ring === undefined ? undefined : await proveBackup({ store, ring }, id, context.signal);
    const read = proven === undefined ? await readHeaderOf(store, backup, context.signal) : undefined;
    for (const warning of proven?.warnings ?? read?.warnings ?? []) context.warn(warning);
    return {
      name: id,
      kind: 'sealed',
      bytes: backup.objects.data.bytes,
      header: proven?.dataHeader ?? read?.header ?? null,
      consistency: backup.consistency,
      namespaces: proven?.manifest.namespaces ?? null,
    };
  });
}

async function inspectFile(path: string, context: CliContext): Promise<Findings> {
  const config = context.config({ keys: 'optional' });
  const { readingKeyRing } = await import('../open-store.js');
  const { fileSource, sniffFile } = await import('#pipeline');
  const { inspectHeader } = await import('#crypto');
  const { crc64Hex, parseMetadata, readArchive } = await import('#archive');
  const ring = await readingKeyRing(config, context);
  const { kind, first, bytes } = await sniffFile(path);
  const header = kind === 'sealed' ? inspectHeader(first) : null;
  if (header !== null && (ring === undefined || header.content.kind === 'manifest')) {
    return { name: path, kind, bytes, header, namespaces: null };
  }
  const observer = context.observer();
  observer.stage('verify');
  const source = await fileSource(path, { ring, sidecar: undefined, observer });
  const summary = await readArchive(await source.open(context.signal));
  const namespaces = summary.namespaces.map((namespace) => ({
    db: namespace.db,
    collection: namespace.collection,
    type: namespace.type,
    documents: namespace.documents,
    bsonBytes: namespace.bsonBytes,
    crc64: crc64Hex(namespace.crc64),
    indexes:
      namespace.metadata === null
        ? []
        : parseMetadata(namespace.metadata).indexes.map((text) => JSON.parse(text) as unknown),
  }));
  return { name: path, kind, bytes, header, namespaces };
}

const kinds = {
  sealed: 'sealed container',
  archive: 'mongodump archive',
  gzip: 'gzipped mongodump archive',
  zstd: 'mongodump archive, compressed with zstd',
};

function describe({ name, kind, bytes, header, consistency, namespaces }: Findings): string {
  const facts: string[][] = [
    ['name', name],
    ['kind', kinds[kind]],
    ['size', formatBytes(bytes)],
  ];
  if (header !== null) {
    facts.push(['holds', `${header.content.kind} of ${header.backupId}, compression ${header.content.compression}`]);
    facts.push(['made', header.createdAt], ['suite', header.suite], ['fileId', header.fileId]);
    for (const slot of header.slots) facts.push(['key slot', `${slot.keyId} (${slot.kind})`]);
  }
  if (consistency !== undefined) facts.push(['consistent', describeConsistency(consistency)]);
  else if (namespaces?.some(({ db, collection }) => db === '' && collection === 'oplog') === true)
    facts.push(['consistent', 'to one moment, once a restore has replayed its oplog (--oplog-replay)']);
  const table = formatTable(facts);
  if (namespaces !== null) return `${table}\n\n${describeNamespaces(namespaces)}`;
  return `${table}\n\nSet BACKUP_ENCRYPTION_KEY to see the namespaces.`;
}
