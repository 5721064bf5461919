import { isOwnNote } from '#engine';
import type { OpenArchiveDeps } from '../open-archive.js';
import type { ProvenBackup } from '../objects/prove-backup.js';
import { readDocuments } from '../parts/read-documents.js';
import { isSystemNamespace } from '../objects/archive-facts.js';
import type { OpenPartOptions } from '../parts/open-part.js';
import type { DiffNamespace, DiffSide } from './diff-types.js';

/** A proven backup as a side of a comparison: its manifest tells everything but the documents. What the server, or Hazina, keeps for itself is left out. */
export function backupSide(deps: OpenArchiveDeps, proven: ProvenBackup, options: OpenPartOptions): DiffSide {
  const namespaces = proven.manifest.namespaces.flatMap((namespace): DiffNamespace[] => {
    const { db, collection, type, documents, crc64 } = namespace;
    if (isSystemNamespace(namespace) || isOwnNote(collection)) return [];
    if (type !== 'collection' && type !== 'view' && type !== 'timeseries') return [];
    return [{ db, collection, type, documents, crc64 }];
  });
  return {
    namespaces: () => Promise.resolve(namespaces),
    documents: (namespace) => readDocuments(deps, proven, namespace, options),
  };
}
