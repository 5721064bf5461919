import { BSON, type Document } from 'mongodb';

/** A namespace of an archive that a test puts together. */
export interface ArchiveNamespaceInput {
  readonly db: string;
  readonly collection: string;
  /** Default `collection`. */
  readonly type?: 'collection' | 'view' | 'timeseries';
  /** Documents, or their raw bytes. */
  readonly documents?: readonly (Document | Buffer)[];
  readonly options?: Document;
  /** Beside the one on `_id`. */
  readonly indexes?: readonly Document[];
  /** Instead of the two above: the metadata text. */
  readonly metadata?: string;
  /** The name in the blocks, when another (`system.buckets.X`). */
  readonly dataCollection?: string;
  /** Leave it out of the prelude, as mongodump does with users, roles and the oplog. */
  readonly unlisted?: boolean;
}

const magic = Buffer.from([0x6d, 0xe2, 0x99, 0x81]);
const terminator = Buffer.from([0xff, 0xff, 0xff, 0xff]);

/** A mongodump archive (facts: archive-format 1.1), made without the product's own writer. Documents per data block: `blockDocuments`. */
export function buildArchive(namespaces: readonly ArchiveNamespaceInput[], blockDocuments = 1000): Buffer {
  const parts: Uint8Array[] = [magic];
  const header = {
    concurrent_collections: new BSON.Int32(1),
    version: '0.1',
    server_version: '7.0.0',
    tool_version: 'test',
  };
  parts.push(BSON.serialize(header));
  for (const namespace of namespaces.filter(({ unlisted }) => unlisted !== true)) {
    parts.push(
      BSON.serialize({
        db: namespace.db,
        collection: namespace.collection,
        metadata: namespace.metadata ?? metadataOf(namespace),
        size: new BSON.Int32(0),
        type: namespace.type ?? 'collection',
      }),
    );
  }
  parts.push(terminator);
  for (const namespace of namespaces) parts.push(...blocksOf(namespace, blockDocuments));
  return Buffer.concat(parts);
}

function metadataOf({ collection, type = 'collection', options, indexes = [] }: ArchiveNamespaceInput): string {
  const idIndex = { v: new BSON.Int32(2), key: { _id: new BSON.Int32(1) }, name: '_id_' };
  return BSON.EJSON.stringify(
    {
      ...(options ? { options } : {}),
      indexes: type === 'view' ? [] : type === 'timeseries' ? indexes : [idIndex, ...indexes],
      ...(type === 'view' ? {} : { uuid: '00112233445566778899aabbccddeeff' }),
      collectionName: collection,
      type,
    },
    { relaxed: false },
  );
}

function blocksOf(namespace: ArchiveNamespaceInput, blockDocuments: number): Uint8Array[] {
  const { db, collection, dataCollection = collection, documents = [] } = namespace;
  const header = (EOF: boolean, crc: bigint) =>
    BSON.serialize({ db, collection: dataCollection, EOF, CRC: BSON.Long.fromBigInt(BigInt.asIntN(64, crc)) });
  const raw = documents.map((document) => (Buffer.isBuffer(document) ? document : BSON.serialize(document)));
  const parts: Uint8Array[] = [];
  for (let start = 0; start < Math.max(raw.length, 1); start += blockDocuments)
    parts.push(header(false, 0n), ...raw.slice(start, start + blockDocuments), terminator);
  parts.push(header(true, crc64(raw)), terminator);
  return parts;
}

const table = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ 0xc96c5795d7870f42n : value >> 1n;
  return value;
});

/** CRC-64/XZ, the slow and plain way. */
function crc64(pieces: readonly Uint8Array[]): bigint {
  let crc = 0xffffffffffffffffn;
  for (const piece of pieces)
    for (const byte of piece) crc = (crc >> 8n) ^ (table[Number((crc ^ BigInt(byte)) & 0xffn)] ?? 0n);
  return pieces.length === 0 ? 0n : crc ^ 0xffffffffffffffffn;
}
