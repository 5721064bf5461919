import type { Readable } from 'node:stream';
import type { ManifestNamespace } from '#contracts';
import {
  authorizationPart,
  createSelection,
  type ArchiveContents,
  type ArchiveNamespace,
  type SelectionRequest,
} from '#engine';
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
  const optionsOf = (signal: AbortSignal): OpenArchiveOptions => ({
    signal,
    onStoredBytes: (storedBytes) => deps.observer.progress({ storedBytes, expectedBytes }),
    onWarning: (text) => deps.observer.warning(text),
  });
  const openChosen = (signal: AbortSignal, isChosen: (one: ManifestNamespace) => boolean): Readable => {
    const onExpected = (bytes: number): void => void (expectedBytes = bytes);
    return openPart(deps, proven, isChosen, { ...optionsOf(signal), onExpected });
  };
  const openBackup = (signal: AbortSignal, only: SelectionRequest | undefined): Readable => {
    if (only === undefined || !isSelective(only)) return openArchive(deps, proven, optionsOf(signal));
    const selection = createSelection(only);
    return openChosen(signal, (one) => isData(one) && selection.matches(one.db, one.collection));
  };
  const readsParts = hasPartIndex(proven);
  return {
    contents: () => Promise.resolve(contentsOf(proven)),
    readsParts,
    ...(readsParts
      ? { openAuthorization: (signal) => Promise.resolve(openChosen(signal, (one) => authorizationPart(one) !== null)) }
      : {}),
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
function contentsOf({ backup, manifest }: Pick<ProvenBackup, 'backup' | 'manifest'>): ArchiveContents {
  const { namespaces, consistency } = manifest;
  return {
    serverVersion: backup.server.version,
    oplog: namespaces.find(({ type }) => type === 'oplog')?.documents ?? 0,
    oplogAt: consistency.mode === 'oplog' ? consistency.at : null,
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
