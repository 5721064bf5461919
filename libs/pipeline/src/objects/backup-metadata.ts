import type { ArchiveSummary } from '#archive';
import { AppError, type BackupMetadata, type ManifestNamespace } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import type { WrittenData } from '../backup-types.js';
import { isSystemNamespace, namespaceType } from './archive-facts.js';
import { proveBackup } from './prove-backup.js';

type Counted = Pick<ManifestNamespace, 'db' | 'collection' | 'type' | 'documents' | 'bsonBytes'>;

/** What a record keeps of the contents: collections without views and `system.*`, the totals of everything. */
export function backupMetadata(
  contents: { readonly namespaces: readonly Counted[]; readonly totals: { readonly archiveBytes: number } },
  storedBytes: number,
): BackupMetadata {
  const { namespaces, totals } = contents;
  const sum = (of: (namespace: Counted) => number) => namespaces.reduce((all, namespace) => all + of(namespace), 0);
  return {
    collections: namespaces
      .filter((namespace) => namespace.type !== 'view' && !isSystemNamespace(namespace))
      .map(({ db, collection, documents, bsonBytes }) => ({
        name: `${db}.${collection}`,
        documents,
        bytes: bsonBytes,
      })),
    totalDocuments: sum(({ documents }) => documents),
    totalSize: sum(({ bsonBytes }) => bsonBytes),
    compressionRatio: storedBytes === 0 ? 0 : totals.archiveBytes / storedBytes,
  };
}

export function metadataOfWritten({ archive, object }: WrittenData): BackupMetadata {
  return backupMetadata({ namespaces: countedOf(archive), totals: archive }, object.bytes);
}

function countedOf(archive: ArchiveSummary): Counted[] {
  return archive.namespaces.map((namespace) => ({ ...namespace, type: namespaceType(namespace) }));
}

/** The same of a committed backup, from its sealed manifest. A manifest that does not open is a warning here: the backup stands all the same, and its verification will tell. */
export async function readBackupMetadata(
  deps: { readonly store: ObjectStore; readonly ring: KeyRing },
  backupId: string,
  signal: AbortSignal,
): Promise<{ readonly metadata: BackupMetadata | null; readonly warnings: readonly string[] }> {
  try {
    const { manifest, backup, warnings } = await proveBackup(deps, backupId, signal);
    return {
      metadata: backupMetadata(manifest, backup.objects.data.bytes),
      warnings: [...manifest.warnings, ...warnings],
    };
  } catch (error) {
    if (!(error instanceof AppError) || !/^(container|backup|compression|keys)\//.test(error.code)) throw error;
    return { metadata: null, warnings: [`What ${backupId} holds could not be read: ${error.message}`] };
  }
}
