import { archiveError, parseMetadata, type Metadata, type PreludeCollection } from '#archive';
import { AppError, messageOf } from '#contracts';
import { readFound, type FoundFile } from './found-file.js';

/** Metadata stand in one BSON document of the archive. */
const most = 8 * 1024 * 1024;

/** A small text file of a dump, whole. */
export async function readText(file: FoundFile): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of readFound(file) as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > most) throw damaged(file, `it is larger than ${most} bytes`);
    pieces.push(piece);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces, bytes));
  } catch (error) {
    throw damaged(file, 'it is no UTF-8 text', error);
  }
}

export interface CollectionMetadata {
  /** As it stands in the file: an archive carries the same text. */
  readonly text: string;
  readonly parsed: Metadata;
  readonly type: PreludeCollection['type'];
}

export async function readMetadata(file: FoundFile): Promise<CollectionMetadata> {
  const text = await readText(file);
  let parsed: Metadata;
  try {
    parsed = parseMetadata(text);
  } catch (error) {
    throw damaged(file, error instanceof AppError ? error.message : messageOf(error), error);
  }
  const type = typeOf(parsed);
  if (type === null) throw damaged(file, 'the type of its collection is unknown');
  return { text, parsed, type };
}

/** Older versions of mongodump wrote no type. Null: one that nobody knows. */
function typeOf({ type, options }: Metadata): PreludeCollection['type'] | null {
  if (type === 'view' || type === 'timeseries') return type;
  if (type !== null && type !== '' && type !== 'collection') return null;
  if (options !== null && /^\s*\{\s*"viewOn"\s*:/.test(options)) return 'view';
  return options !== null && /^\s*\{\s*"timeseries"\s*:/.test(options) ? 'timeseries' : 'collection';
}

export function damaged({ name }: FoundFile, what: string, cause?: unknown): AppError {
  return archiveError('corrupt-structure', 0, `${name} cannot be used: ${what}`, cause);
}
