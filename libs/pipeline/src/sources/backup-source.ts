import type { Readable } from 'node:stream';
import type { ManifestNamespace } from '#contracts';
import { createSelection, type ArchiveContents, type ArchiveNamespace, type SelectionRequest } from '#engine';
import type { RunObserver } from '../deps.js';
import { openArchive, type OpenArchiveDeps, type OpenArchiveOptions } from '../open-archive.js';
import type { ProvenBackup } from '../objects/prove-backup.js';
import type { ColdBackup } from '../objects/prove-cold.js';
import { compareContents } from '../objects/compare-contents.js';
import { hasPartIndex, openPart } from '../parts/open-part.js';
import type { ArchiveSource } from './archive-source.js';

/** A proven backup of the store as a source: its manifest tells the contents without a byte of the data being read. */
export function backupSource(deps: OpenArchiveDeps & { observer: RunObserver }, proven: ProvenBackup): ArchiveSource {
  let expectedBytes = proven.backup.objects.data.bytes;
  const openBackup = (signal: AbortSignal, only: SelectionRequest | undefined): Readable => {
    const options: OpenArchiveOptions = {
      signal,
      onStoredBytes: (storedBytes) => deps.observer.progress({ storedBytes, expectedBytes }),
      onWarning: (text) => deps.observer.warning(text),
    };
    if (only === undefined || !isSelective(only)) return openArchive(deps, proven, options);
    const selection = createSelection(only);
    const onExpected = (bytes: number): void => void (expectedBytes = bytes);
    const isChosen = (one: ManifestNamespace): boolean => isData(one) && selection.matches(one.db, one.collection);
    return openPart(deps, proven, isChosen, { ...options, onExpected });
  };
  return {
    contents: () => Promise.resolve(contentsOf(proven)),
    readsParts: hasPartIndex(proven),
    check: (summary) => compareContents(proven.manifest, summary),
    open: (signal, only) => Promise.resolve(openBackup(signal, only)),
  };
}

/** Of a backup whose data lie cold: its contents alone, for a plan. */
export function planSource(
  deps: OpenArchiveDeps & { observer: RunObserver },
  found: ProvenBackup | ColdBackup,
): ArchiveSource {
  if (!('cold' in found)) return backupSource(deps, found);
  const { cold } = found;
  return { cold, contents: () => Promise.resolve(contentsOf(found)), open: () => Promise.reject(cold) };
}

/** By the manifest: without a byte of the data being read. */
function contentsOf({ backup, manifest: { namespaces } }: Pick<ProvenBackup, 'backup' | 'manifest'>): ArchiveContents {
  return {
    serverVersion: backup.server.version,
    oplog: namespaces.find(({ type }) => type === 'oplog')?.documents ?? 0,
    usersAndRoles: namespaces
      .filter(({ type }) => type === 'users' || type === 'roles')
      .reduce((sum, { documents }) => sum + documents, 0),
    namespaces: namespaces.filter(isData).map(({ db, collection, type, documents, bsonBytes }) => ({
      ...{ db, collection, type, documents, bytes: bsonBytes },
    })),
  };
}

/** Not the oplog, users and roles: a restore of a part does not take them. */
function isData(namespace: ManifestNamespace): namespace is ManifestNamespace & Pick<ArchiveNamespace, 'type'> {
  const { type } = namespace;
  return type === 'collection' || type === 'view' || type === 'timeseries';
}

function isSelective({ databases, include, exclude }: SelectionRequest): boolean {
  return databases.length + include.length + exclude.length > 0;
}
