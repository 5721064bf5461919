import { BSON } from 'mongodb';
import { printable } from './names.js';
import { composeDocument, type RawField } from './raw-bson.js';

/** Lines of one restore, and characters of an `_id` and of an index in them: a plan and a record hold them all, and have 16 MB. */
const mostListed = 10_000;
const longestId = 80;
const longestIndex = 200;

/** What the namespaces of one restore share: so many documents more are listed. */
export interface ListingRoom {
  lines: number;
}

export function listingRoom(): ListingRoom {
  return { lines: mostListed };
}

/** Documents of an archive that were left out for later ones (`keep-last`): how many, and each in words while there is room. */
export interface LeftOutDocuments {
  readonly total: number;
  readonly listed: readonly string[];
}

export class LeftOut implements LeftOutDocuments {
  total = 0;
  readonly listed: string[] = [];

  constructor(readonly room: ListingRoom = listingRoom()) {}

  /** An earlier document with the same `_id`. */
  earlier(id: RawField): void {
    this.note(`_id ${describeId(id)}: the earlier of two documents with it`);
  }

  /** One whose value of a unique index a later document has. */
  taken(id: RawField, index: string): void {
    const named = index.length > longestIndex ? `${index.slice(0, longestIndex)}…` : index;
    this.note(`_id ${describeId(id)}: a later document has its value of the unique index ${named}`);
  }

  private note(line: string): void {
    this.total += 1;
    if (this.room.lines <= 0) return;
    this.room.lines -= 1;
    this.listed.push(line);
  }
}

/** In words, for a report; nothing when nothing was left out. */
export function leftOutLines({ total, listed }: LeftOutDocuments): string[] {
  if (total === 0) return [];
  const more = total - listed.length;
  return [
    `${total} document${total === 1 ? ' was' : 's were'} left out for later ones (keep-last)`,
    ...listed,
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

/** An `_id` for people. Nothing else of a document is ever told. */
export function describeId(id: RawField): string {
  let text: string;
  try {
    const { _id } = BSON.deserialize(composeDocument([{ ...id, name: '_id' }]), { validation: { utf8: false } });
    text = BSON.EJSON.stringify(_id);
  } catch {
    text = `(BSON type ${id.kind})`;
  }
  const clean = printable(text);
  return clean.length > longestId ? `${clean.slice(0, longestId)}…` : clean;
}
