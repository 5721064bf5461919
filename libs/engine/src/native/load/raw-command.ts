import { createRequire } from 'node:module';
import { BSON, type Db, type Document } from 'mongodb';
import { documentsOfRun } from './raw-bson.js';

// The one place that reaches into the driver: it carries the documents of its own bulk writes as an OP_MSG section of kind 1, whose bytes are
// the documents themselves, but offers no public way to fill one with bytes at hand. The driver's version is pinned exactly, and
// raw-command.spec.ts fails loudly when an upgrade changes any of this. facts: native-engine, "Loading".

interface DocumentSequence {
  push(placeholder: Document, bytes: Uint8Array): number;
  /** The section's bytes; the driver copies them into its message. */
  toBin(): Uint8Array;
}
type SequenceClass = new (field: string) => DocumentSequence;

/** Whole documents one after the other, in any number of pieces. */
export interface RawDocuments {
  readonly runs: readonly Buffer[];
  /** Sum over the runs. */
  readonly count: number;
  /** The one run with `sectionHead` bytes before it, for `documents`, announced to `message-room.ts`: it is sent without a copy. */
  readonly section?: Buffer;
}

const kindDocuments = 1;
/** Kind, length and name of a section `documents`. */
export const sectionHead = 1 + 4 + 'documents\0'.length;

/** Of an insert or update, unordered or not: what the server says it did. */
export interface WriteReply {
  readonly n: number;
  readonly writeErrors: readonly WriteError[];
}

export interface WriteError {
  /** Position of the document in the command. */
  readonly index: number;
  readonly code: number;
  readonly message: string;
}

/** The class, or null when this driver has none of the known shape: then documents are decoded and encoded again (checked, see below). */
export const sequenceClass: SequenceClass | null = findSequenceClass();

function findSequenceClass(): SequenceClass | null {
  try {
    const module: unknown = createRequire(import.meta.url)('mongodb/lib/cmap/commands.js');
    if (typeof module !== 'object' || module === null || !('DocumentSequence' in module)) return null;
    const found = module.DocumentSequence;
    if (typeof found !== 'function') return null;
    const prototype: unknown = found.prototype;
    return typeof prototype === 'object' && prototype !== null && 'push' in prototype ? (found as SequenceClass) : null;
  } catch {
    return null;
  }
}

/**
 * Sends `command` with raw documents as its field `field` (`documents` of an insert, `updates`, `deletes`).
 * Throws the driver's errors; a write concern that was not met is thrown as one of them.
 */
export async function runRawWrite(
  db: Db,
  command: Document,
  field: 'documents' | 'updates' | 'deletes',
  documents: RawDocuments,
  Sequence: SequenceClass | null = sequenceClass,
): Promise<WriteReply> {
  const body = {
    ...command,
    [field]: Sequence ? fill(new Sequence(field), field, documents) : decodeExactly(documents),
  };
  // A server may quote the bytes of a document in its reply: those need not be UTF-8.
  const reply = await db.command(body, { enableUtf8Validation: false });
  return readReply(reply);
}

function fill(sequence: DocumentSequence, field: string, { runs, section }: RawDocuments): DocumentSequence {
  // The section is the documents' bytes one after the other: a run of many documents is pushed as one piece.
  for (const run of runs) sequence.push({}, run);
  if (section !== undefined && field === 'documents') {
    section[0] = kindDocuments;
    section.writeInt32LE(section.length - 1, 1);
    section.write('documents\0', 5, 'latin1');
    sequence.toBin = () => section;
  }
  return sequence;
}

/** The fallback: fine for documents that come back byte-equal from a decoder, refused for those that do not. Nothing is changed silently. */
function decodeExactly(documents: RawDocuments): Document[] {
  const options = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true };
  return documents.runs
    .flatMap((run) => [...documentsOfRun(run)])
    .map((bytes) => {
      const document = BSON.deserialize(bytes, options);
      if (!bytes.equals(BSON.serialize(document, { ignoreUndefined: false })))
        throw new BSON.BSONError('A document does not survive decoding and encoding with this version of the driver');
      return document;
    });
}

function readReply(reply: Document): WriteReply {
  const concern: unknown = reply['writeConcernError'];
  if (concern !== undefined) {
    const text = isRecord(concern) ? String(concern['errmsg']) : 'no details';
    throw new WriteConcernFailure(text);
  }
  const errors: unknown = reply['writeErrors'];
  return {
    n: typeof reply['n'] === 'number' ? reply['n'] : 0,
    writeErrors: Array.isArray(errors) ? errors.filter(isRecord).map(readWriteError) : [],
  };
}

/** Written, but not to a majority: it may be rolled back. */
export class WriteConcernFailure extends Error {
  constructor(details: string) {
    super(`The server did not confirm a write by a majority: ${details}`);
    this.name = 'WriteConcernFailure';
  }
}

function readWriteError(error: Record<string, unknown>): WriteError {
  return { index: Number(error['index']), code: Number(error['code']), message: String(error['errmsg']) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
