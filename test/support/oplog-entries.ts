import { BSON, type Document } from 'mongodb';

const { Binary, Long, Timestamp, UUID } = BSON;

/** Seconds of the first entry that a test makes. */
export const oplogBegins = 1_700_000_000;

export interface EntryInput {
  readonly op: string;
  readonly ns: string;
  readonly o: Document | Map<string, unknown>;
  readonly o2?: Document;
  /** Fields of an entry of a transaction: `lsid`, `txnNumber`, `prevOpTime`, `multiOpType`. */
  readonly more?: Document;
}

/** Entries as a server writes them, one second after the other, with the UUIDs of its collections. */
export function oplogOf(inputs: readonly EntryInput[]): Buffer[] {
  return inputs.map(({ op, ns, o, o2, more }, index) =>
    Buffer.from(
      BSON.serialize({
        ...more,
        op,
        ns,
        ...(op === 'n' ? {} : { ui: new UUID('00112233-4455-6677-8899-aabbccddeeff') }),
        o,
        ...(o2 === undefined ? {} : { o2 }),
        ts: new Timestamp({ t: oplogBegins + index, i: 1 }),
        t: Long.fromNumber(1),
        v: Long.fromNumber(2),
        wall: new Date((oplogBegins + index) * 1000),
      }),
    ),
  );
}

export const insert = (ns: string, o: Document): EntryInput => ({ op: 'i', ns, o, o2: { _id: o['_id'] as unknown } });
export const remove = (ns: string, _id: unknown): EntryInput => ({ op: 'd', ns, o: { _id } });
/** As servers since 5.0 write it: what became of the fields. */
export const update = (ns: string, _id: unknown, diff: Document): EntryInput => ({
  op: 'u',
  ns,
  o: { $v: 2, diff },
  o2: { _id },
});
export const command = (db: string, o: Document): EntryInput => ({ op: 'c', ns: `${db}.$cmd`, o });
export const noop: EntryInput = { op: 'n', ns: '', o: { msg: 'periodic noop' } };

/** Fields of the entries of one transaction. */
export function transaction(number: number): Document {
  const id = new Binary(Buffer.alloc(16, number), Binary.SUBTYPE_UUID);
  return { lsid: { id, uid: new Binary(Buffer.alloc(32)) }, txnNumber: Long.fromNumber(number) };
}

/** The operations of a transaction or of an `applyOps`, as they stand inside the entry. */
export const inner = (inputs: readonly EntryInput[]): Document[] =>
  inputs.map(({ op, ns, o, o2 }) => ({
    op,
    ns,
    ui: new UUID('00112233-4455-6677-8899-aabbccddeeff'),
    o,
    ...(o2 === undefined ? {} : { o2 }),
  }));

/** The namespace of an archive that holds them: the last one, without an entry in the prelude. */
export const oplogNamespace = (inputs: readonly EntryInput[]) => ({
  db: '',
  collection: 'oplog',
  unlisted: true,
  documents: oplogOf(inputs),
});
