import { readFields } from './bson-fields.js';
import type { PreludeCollection } from './encode.js';

export interface ArchiveHeader {
  readonly concurrentCollections: number;
  readonly version: string;
  readonly serverVersion: string;
  readonly toolVersion: string;
}

export interface ArchivePrelude extends ArchiveHeader {
  readonly collections: readonly PreludeCollection[];
}

export interface BlockHeader {
  readonly db: string;
  readonly collection: string;
  readonly eof: boolean;
  readonly crc: bigint;
}

/** Each throws an Error that says what is wrong; the reader knows the offset. */
export function decodeHeader(bytes: Buffer): ArchiveHeader {
  const fields = readFields(bytes);
  const version = string(fields, 'version');
  if (version !== '0.1') throw new Error(`the format version is ${version}, not 0.1`);
  return {
    concurrentCollections: number(fields, 'concurrent_collections'),
    version,
    serverVersion: string(fields, 'server_version'),
    toolVersion: string(fields, 'tool_version'),
  };
}

export function decodeCollection(bytes: Buffer): PreludeCollection {
  const fields = readFields(bytes);
  const type = string(fields, 'type');
  if (type !== '' && type !== 'collection' && type !== 'view' && type !== 'timeseries')
    throw new Error(`the type ${type} is unknown`);
  return {
    db: string(fields, 'db'),
    collection: string(fields, 'collection'),
    metadata: string(fields, 'metadata'),
    type: type === '' ? 'collection' : type,
  };
}

const blockFields = new Set(['db', 'collection', 'EOF', 'CRC']);

export function decodeBlockHeader(bytes: Buffer): BlockHeader {
  const fields = readFields(bytes);
  for (const name of fields.keys()) if (!blockFields.has(name)) throw new Error(`the field ${name} is unknown`);
  const eof = fields.get('EOF');
  const crc = fields.get('CRC');
  if (typeof eof !== 'boolean' || typeof crc !== 'bigint') throw new Error('EOF or CRC is missing');
  if (!eof && crc !== 0n) throw new Error('a data block carries a checksum, which only an end block does');
  return { db: string(fields, 'db'), collection: string(fields, 'collection'), eof, crc };
}

type Fields = ReturnType<typeof readFields>;

function string(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (typeof value !== 'string') throw new Error(`${name} is missing`);
  return value;
}

function number(fields: Fields, name: string): number {
  const value = fields.get(name);
  if (typeof value !== 'number') throw new Error(`${name} is missing`);
  return value;
}
