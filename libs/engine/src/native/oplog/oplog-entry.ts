import { AppError, messageOf } from '#contracts';
import { rawFields, textOf, type RawValue } from '../dump/raw-fields.js';
import { printable } from '../load/names.js';

/** A moment of a replica set, as `consistency.at` has it. */
export interface OplogTime {
  readonly t: number;
  readonly i: number;
}

/** Where an operation stands, for messages: the entry's position in the archive, from 1, and its time. */
export interface OplogPlace {
  readonly number: number;
  readonly at: OplogTime | null;
}

/** One operation: an entry, or one inside an `applyOps` entry. The documents are its own bytes. */
export interface OplogOperation {
  readonly place: OplogPlace;
  /** `i`, `u`, `d`, `c`, `n` and what newer servers add. */
  readonly op: string;
  readonly ns: string;
  readonly o: Buffer;
  /** Of an update: which document. */
  readonly o2: Buffer | undefined;
}

/** An entry of the oplog as it lies in the archive. */
export interface OplogEntry extends OplogOperation {
  /** Tells the transaction that a command of one belongs to; undefined: none. */
  readonly transaction: string | undefined;
}

const type = { document: 0x03, int32: 0x10, timestamp: 0x11 } as const;
/** `multiOpType` of a retryable batch of writes: it looks like a transaction, and is none. */
const retryableBatch = 1;

/** Reads an entry; nothing of the result refers to `bytes`. Throws `archive/corrupt-structure` for what is none. */
export function parseEntry(bytes: Uint8Array, number: number): OplogEntry {
  let fields: Map<string, RawValue>;
  try {
    fields = rawFields(Buffer.from(bytes));
  } catch (error) {
    throw noEntry(number, messageOf(error));
  }
  const at = timeOf(fields.get('ts'));
  if (at === null) throw noEntry(number, 'it has no time');
  const operation = readOperation(fields, { number, at });
  const lsid = fields.get('lsid');
  const txn = fields.get('txnNumber');
  const isTransaction =
    operation.op === 'c' &&
    lsid !== undefined &&
    txn !== undefined &&
    numberOf(fields.get('multiOpType')) !== retryableBatch;
  return {
    ...operation,
    transaction: isTransaction ? `${lsid.bytes.toString('latin1')}/${txn.bytes.toString('latin1')}` : undefined,
  };
}

/** An operation inside an `applyOps`; its place is that of the entry around it. */
export function parseInner(bytes: Uint8Array, place: OplogPlace): OplogOperation {
  return readOperation(rawFields(bytes), place);
}

function readOperation(fields: ReadonlyMap<string, RawValue>, place: OplogPlace): OplogOperation {
  const op = textOf(fields.get('op'));
  const ns = textOf(fields.get('ns'));
  const o = fields.get('o');
  if (op === undefined || ns === undefined || o?.type !== type.document)
    throw noEntry(place.number, 'it lacks an operation, a namespace or an object');
  const o2 = fields.get('o2');
  return { place, op, ns, o: o.bytes, o2: o2?.type === type.document ? o2.bytes : undefined };
}

export function timeOf(value: RawValue | undefined): OplogTime | null {
  if (value?.type !== type.timestamp) return null;
  return { t: value.bytes.readUInt32LE(4), i: value.bytes.readUInt32LE(0) };
}

function numberOf(value: RawValue | undefined): number | undefined {
  return value?.type === type.int32 ? value.bytes.readInt32LE(0) : undefined;
}

/** For people: which entry, and what it does. Nothing of a document is told. */
export function describePlace({ place, op, ns }: Pick<OplogOperation, 'place' | 'op' | 'ns'>): string {
  const at = place.at === null ? '' : ` at ${place.at.t}:${place.at.i}`;
  return `oplog entry ${place.number}${at} (${printable(op)} on ${printable(ns) || 'nothing'})`;
}

function noEntry(number: number, why: string): AppError {
  return new AppError({
    code: 'archive/corrupt-structure',
    stage: 'archive',
    message: `Document ${number} of the oplog in the archive is no oplog entry: ${why}`,
    hint: 'The archive was put together by something else than mongodump, or damaged. The target was left as it was',
  });
}
