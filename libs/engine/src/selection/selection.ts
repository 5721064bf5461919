import { parsePattern } from '#contracts';

export interface SelectionRequest {
  readonly databases: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface Selection {
  matches(db: string, collection: string): boolean;
  /** Could anything in this database match? */
  matchesDatabase(db: string): boolean;
}

/** Databases and include patterns must both match where they are given; exclude wins. Throws `cli/bad-arguments` for a bad pattern. */
export function createSelection({ databases, include, exclude }: SelectionRequest): Selection {
  const included = include.map(parsePattern);
  const excluded = exclude.map(parsePattern);
  const isChosen = (db: string) => databases.length === 0 || databases.includes(db);
  return {
    matches: (db, collection) =>
      isChosen(db) &&
      (included.length === 0 ||
        included.some((pattern) => pattern.database.test(db) && pattern.collection.test(collection))) &&
      !excluded.some((pattern) => pattern.database.test(db) && pattern.collection.test(collection)),
    matchesDatabase: (db) =>
      isChosen(db) &&
      (included.length === 0 || included.some((pattern) => pattern.database.test(db))) &&
      !excluded.some((pattern) => pattern.database.test(db) && pattern.collection.isAny),
  };
}
