import { int32, utf8 } from './bson-bytes.js';

/** First four bytes of an archive: 0x8199e26d, little-endian. */
export const magic = Buffer.from([0x6d, 0xe2, 0x99, 0x81]);
/** Ends the prelude and every block. */
export const terminator = Buffer.from([0xff, 0xff, 0xff, 0xff]);

export interface PreludeCollection {
  readonly db: string;
  readonly collection: string;
  /** JSON text, see metadata.ts. */
  readonly metadata: string;
  readonly type: 'collection' | 'view' | 'timeseries';
}

export interface Prelude {
  readonly concurrentCollections: number;
  readonly serverVersion: string;
  readonly toolVersion: string;
  readonly collections: readonly PreludeCollection[];
}

/** Magic, header, one document a collection, terminator. */
export function encodePrelude(prelude: Prelude): Buffer {
  const header = document([
    integer('concurrent_collections', prelude.concurrentCollections),
    text('version', '0.1'),
    text('server_version', prelude.serverVersion),
    text('tool_version', prelude.toolVersion),
  ]);
  const collections = prelude.collections.map(({ db, collection, metadata, type }) =>
    // `size` is always 0 in what mongodump writes.
    document([
      text('db', db),
      text('collection', collection),
      text('metadata', metadata),
      integer('size', 0),
      text('type', type),
    ]),
  );
  return Buffer.concat([magic, header, ...collections, terminator]);
}

export interface NamespaceHeader {
  readonly db: string;
  readonly collection: string;
  /** True: the end block of the namespace, which carries the checksum. */
  readonly eof: boolean;
  /** Unsigned. */
  readonly crc: bigint;
}

export function encodeNamespaceHeader({ db, collection, eof, crc }: NamespaceHeader): Buffer {
  const checksum = Buffer.alloc(8);
  checksum.writeBigUInt64LE(crc);
  return document([
    text('db', db),
    text('collection', collection),
    element(0x08, 'EOF', Buffer.from([eof ? 1 : 0])),
    element(0x12, 'CRC', checksum),
  ]);
}

function document(elements: readonly Buffer[]): Buffer {
  const length = elements.reduce((sum, { length: bytes }) => sum + bytes, 5);
  return Buffer.concat([int32(length), ...elements, Buffer.alloc(1)], length);
}

function element(type: number, name: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type]), utf8(name), Buffer.alloc(1), value]);
}

function text(name: string, value: string): Buffer {
  const bytes = utf8(value);
  return element(0x02, name, Buffer.concat([int32(bytes.length + 1), bytes, Buffer.alloc(1)]));
}

function integer(name: string, value: number): Buffer {
  return element(0x10, name, int32(value));
}
