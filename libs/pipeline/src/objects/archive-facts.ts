import type { ArchiveNamespaceSummary, ArchiveSummary } from '#archive';
import { crc64Hex, parseMetadata } from '#archive';
import type { NamespaceType } from '#contracts';

/** What kind of namespace the archive holds under this name (spec/objects.md). */
export function namespaceType(namespace: ArchiveNamespaceSummary): NamespaceType {
  if (namespace.db === '' && namespace.collection === 'oplog') return 'oplog';
  if (/^(\$admin\.)?system\.users$/.test(namespace.collection)) return 'users';
  if (/^(\$admin\.)?system\.roles$/.test(namespace.collection)) return 'roles';
  return namespace.type;
}

/** What the server keeps for itself (users, roles, stored functions), and the oplog: not counted among the collections. */
export function isSystemNamespace({ db, collection }: { readonly db: string; readonly collection: string }): boolean {
  return db === '' || /^(\$admin\.)?system\./.test(collection);
}

/** The totals that the archive tells; its compressed size is another's to know. */
export interface ArchiveTotals {
  readonly databases: number;
  readonly collections: number;
  readonly views: number;
  readonly documents: number;
  readonly bsonBytes: number;
  readonly archiveBytes: number;
}

/** `totals` count what the archive carries, from its bytes as they passed; `collections` without views and `system.*`. */
export function totalsOf(archive: ArchiveSummary): {
  databases: string[];
  totals: ArchiveTotals;
} {
  const databases = [...new Set(archive.namespaces.map(({ db }) => db))].filter((db) => db !== '').sort();
  const isView = (namespace: ArchiveNamespaceSummary) => namespace.type === 'view';
  return {
    databases,
    totals: {
      databases: databases.length,
      collections: archive.namespaces.filter((namespace) => !isView(namespace) && !isSystemNamespace(namespace)).length,
      views: archive.namespaces.filter(isView).length,
      documents: archive.namespaces.reduce((sum, namespace) => sum + namespace.documents, 0),
      bsonBytes: archive.namespaces.reduce((sum, namespace) => sum + namespace.bsonBytes, 0),
      archiveBytes: archive.archiveBytes,
    },
  };
}

/** A namespace as the manifest's JSON text. Indexes and options are spliced in as the archive has them: parsing would reorder field names such as `1`. */
export function namespaceJson(namespace: ArchiveNamespaceSummary): string {
  const { options, indexes } =
    namespace.metadata === null ? { options: null, indexes: [] } : parseMetadata(namespace.metadata);
  const facts = JSON.stringify({
    db: namespace.db,
    collection: namespace.collection,
    type: namespaceType(namespace),
    documents: namespace.documents,
    bsonBytes: namespace.bsonBytes,
    crc64: crc64Hex(namespace.crc64),
  });
  return `${facts.slice(0, -1)},"indexes":[${indexes.join(',')}],"options":${options ?? 'null'}}`;
}
