/** What a file of a dump is, by its name. */
export interface NamedFile {
  readonly kind: 'data' | 'metadata';
  /** As it stands in the file's name, escaped. */
  readonly escaped: string;
  readonly gzip: boolean;
}

/** mongodump cuts file names of this length and puts a hash at their end; the whole name is in the metadata then. */
const cutLength = 238;

/** Null: nothing that mongodump writes. */
export function namedFile(name: string): NamedFile | null {
  const data = /^(.+)\.(?:bson|bin)(\.gz)?$/s.exec(name);
  if (data?.[1] !== undefined) return { kind: 'data', escaped: data[1], gzip: data[2] !== undefined };
  const metadata = /^(.+)\.metadata\.json(\.gz)?$/s.exec(name);
  if (metadata?.[1] !== undefined) return { kind: 'metadata', escaped: metadata[1], gzip: metadata[2] !== undefined };
  return null;
}

export function isCut(escaped: string): boolean {
  return escaped.length === cutLength && escaped.includes('%24');
}

/** The name of the collection; null where it is escaped wrongly, or could be none. */
export function collectionName(escaped: string): string | null {
  let name: string;
  try {
    name = decodeURIComponent(escaped);
  } catch {
    return null;
  }
  return isCollectionName(name) ? name : null;
}

export function isCollectionName(name: string): boolean {
  return name !== '' && !name.includes('\0');
}
