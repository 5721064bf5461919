import { realpath } from 'node:fs/promises';
import { encodeMetadata, needsNoEntry, type PreludeCollection } from '#archive';
import { collectionName, isCollectionName, isCut } from './file-names.js';
import { refused, unreadable, type FoundFile } from './found-file.js';
import { listFiles, twice, whatToGive, type ListedFile, type ListedFiles } from './list-files.js';
import { damaged, readMetadata, readText, type CollectionMetadata } from './read-metadata.js';

/** A folder that mongodump wrote, looked at; its documents are read later. */
export interface DumpFolder {
  readonly serverVersion: string;
  readonly toolVersion: string;
  readonly collections: readonly PreludeCollection[];
  /** In the order of an archive: users and roles first, the oplog last. A view has no file. */
  readonly namespaces: readonly { readonly db: string; readonly collection: string; readonly file: FoundFile | null }[];
  /** Of all .bson files; null where some are gzipped. */
  readonly bytes: number | null;
  /** When the last of its files was written. */
  readonly modifiedAt: Date;
  readonly warnings: readonly string[];
}

/** What an archive says when nobody knows. Servers are told by three numbers. */
export const unknownServer = '0.0.0';
const buckets = 'system.buckets.';
/** What the server makes by itself, and mongorestore leaves out, too. */
const leftOut = new Set(['system.profile', 'system.indexes']);

interface Entry {
  readonly db: string;
  readonly collection: string;
  data?: ListedFile;
  metadata?: CollectionMetadata;
}

export async function readDumpFolder(path: string): Promise<DumpFolder> {
  const root = await realpath(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const listed = await listFiles(root);
  const warnings: string[] = [];
  const entries = [...(await readEntries(listed, warnings)).values()];
  const collections: PreludeCollection[] = [];
  for (const entry of entries) {
    const one = collectionOf(entry, entries, warnings);
    if (one !== null) collections.push(one);
  }
  if (listed.foreign.length > 0)
    warnings.push(
      `import: left out ${listed.foreign.length} that mongodump does not write: ${listed.foreign.slice(0, 5).join(', ')}${listed.foreign.length > 5 ? ', …' : ''}`,
    );
  const files = [
    ...entries.flatMap(({ data }) => (data === undefined ? [] : [data])),
    ...(listed.oplog === null ? [] : [listed.oplog]),
  ];
  const versions = await readVersions(listed.preludes);
  if (versions.serverVersion === unknownServer)
    warnings.push('import: the folder does not say from which version of the server it comes');
  return {
    ...versions,
    collections,
    namespaces: inOrder(entries, listed.oplog),
    bytes: files.some(({ gzip }) => gzip) ? null : files.reduce((sum, { stats }) => sum + stats.size, 0),
    modifiedAt: new Date(files.reduce((latest, { stats }) => Math.max(latest, stats.mtimeMs), 0)),
    warnings,
  };
}

async function readEntries({ databases }: ListedFiles, warnings: string[]): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for (const [db, files] of databases) {
    const cut = new Map<string, string>();
    const entryOf = (file: ListedFile, collection: string): Entry => {
      const key = `${db}\0${collection}`;
      const entry = entries.get(key) ?? { db, collection };
      entries.set(key, entry);
      if ((file.kind === 'data' ? entry.data : entry.metadata) !== undefined) throw twice(file.name);
      return entry;
    };
    for (const file of files.filter(({ kind }) => kind === 'metadata')) {
      const metadata = await readMetadata(file);
      const name = isCut(file.escaped) ? metadata.parsed.collectionName : collectionName(file.escaped);
      if (name === null || !isCollectionName(name)) throw damaged(file, 'it does not tell the name of its collection');
      if (isCut(file.escaped)) cut.set(file.escaped, name);
      entryOf(file, name).metadata = metadata;
    }
    for (const file of files.filter(({ kind }) => kind === 'data')) {
      const name = isCut(file.escaped) ? (cut.get(file.escaped) ?? null) : collectionName(file.escaped);
      if (name === null) throw damaged(file, 'its name is not that of a collection, and no metadata tell it');
      entryOf(file, name).data = file;
    }
    for (const [key, { collection }] of entries)
      if (leftOut.has(collection)) {
        entries.delete(key);
        warnings.push(`import: ${db}.${collection} is left out: servers make it by themselves`);
      }
  }
  return entries;
}

/** Its line in the prelude; null for what has none. */
function collectionOf(entry: Entry, all: readonly Entry[], warnings: string[]): PreludeCollection | null {
  const { db, collection, data, metadata } = entry;
  const name = `${db}.${collection}`;
  if (needsNoEntry(db, collection)) return null;
  const has = (other: string) => all.find((one) => one.db === db && one.collection === other);
  if (collection.startsWith(buckets)) {
    if (has(collection.slice(buckets.length))?.metadata?.type === 'timeseries') return null;
    throw refused(`${name} holds the data of a time series whose metadata file is missing`, whatToGive);
  }
  if (metadata === undefined) {
    warnings.push(`import: ${name} has no metadata file: its options and indexes are not known`);
    const none = { options: null, indexes: [], uuid: null, collectionName: collection, type: 'collection' };
    return { db, collection, metadata: encodeMetadata(none), type: 'collection' };
  }
  const holdsItself = data !== undefined || metadata.type === 'view';
  if (!holdsItself && !(metadata.type === 'timeseries' && has(`${buckets}${collection}`)?.data !== undefined))
    throw refused(
      `${name} has a metadata file and no .bson file: its documents are missing`,
      'Copy the whole folder, or make the dump again. Remove the metadata file only if the collection shall not be in the backup',
    );
  return { db, collection, metadata: metadata.text, type: metadata.type };
}

function inOrder(entries: readonly Entry[], oplog: FoundFile | null): DumpFolder['namespaces'] {
  const all = entries
    // The entry of a time series whose data are under another name.
    .filter(({ data, metadata }) => data !== undefined || metadata?.type === 'view')
    .map(({ db, collection, data }) => ({ db, collection, file: data ?? null }));
  const isFirst = ({ db, collection }: { db: string; collection: string }) => needsNoEntry(db, collection);
  return [
    ...all.filter(isFirst),
    ...all.filter((one) => !isFirst(one)),
    ...(oplog === null ? [] : [{ db: '', collection: 'oplog', file: oplog }]),
  ];
}

async function readVersions(preludes: readonly FoundFile[]) {
  const versions = { serverVersion: unknownServer, toolVersion: 'unknown' };
  const [first] = preludes;
  if (first === undefined) return versions;
  const text = await readText(first);
  const field = (name: string) => new RegExp(`"${name}"\\s*:\\s*"([\\w.+-]{1,64})"`).exec(text)?.[1];
  const server = field('ServerVersion');
  return {
    serverVersion: server !== undefined && /^\d+\.\d+\.\d+/.test(server) ? server : unknownServer,
    toolVersion: field('ToolVersion') ?? versions.toolVersion,
  };
}
