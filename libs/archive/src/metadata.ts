import { messageOf } from '#contracts';
import { archiveError } from './archive-error.js';
import { JsonScanner } from './extended-json/json-scanner.js';

/** The metadata text of a collection; options and indexes as raw slices of canonical Extended JSON, order kept. */
export interface Metadata {
  /** Null when the text has no such field: mongodump leaves it out when a collection has none. */
  readonly options: string | null;
  readonly indexes: readonly string[];
  /** 32 hex digits; null for views. */
  readonly uuid: string | null;
  readonly collectionName: string | null;
  readonly type: string | null;
}

export function parseMetadata(text: string): Metadata {
  const found = {
    options: null as string | null,
    indexes: [] as string[],
    uuid: null as string | null,
    collectionName: null as string | null,
    type: null as string | null,
  };
  // An empty text stands for a collection that was dropped while it was dumped (facts of the format, 1.2).
  if (text === '') return found;
  const scanner = new JsonScanner(text);
  try {
    scanner.object((name) => {
      if (name === 'options') found.options = nullable(scanner.skip());
      else if (name === 'indexes') readIndexes(scanner, found.indexes);
      else if (name === 'uuid' || name === 'collectionName' || name === 'type') found[name] = scanner.string();
      else scanner.skip();
    });
    scanner.end();
  } catch (error) {
    throw archiveError(
      'corrupt-structure',
      0,
      `the metadata of a collection cannot be read: ${messageOf(error)}`,
      error,
    );
  }
  return found;
}

export function encodeMetadata({ options, indexes, uuid, collectionName, type }: Metadata): string {
  const fields = [
    ...(options === null ? [] : [`"options":${options}`]),
    `"indexes":[${indexes.join(',')}]`,
    ...(uuid === null ? [] : [`"uuid":${JSON.stringify(uuid)}`]),
    ...(collectionName === null ? [] : [`"collectionName":${JSON.stringify(collectionName)}`]),
    ...(type === null ? [] : [`"type":${JSON.stringify(type)}`]),
  ];
  return `{${fields.join(',')}}`;
}

function nullable(text: string): string | null {
  return text === 'null' ? null : text;
}

function readIndexes(scanner: JsonScanner, indexes: string[]): void {
  if (scanner.peek() === 'n') {
    scanner.literal();
    return;
  }
  scanner.array(() => indexes.push(scanner.skip()));
}
