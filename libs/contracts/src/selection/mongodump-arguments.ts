import { askedDatabases } from '../mongo-uri.js';
import { parsePattern } from './pattern.js';

/** What of a server is to be dumped. */
export interface DumpChoice {
  /** In the path of the URI; undefined: none. */
  readonly pathDatabase: string | undefined;
  readonly databases: readonly string[];
  /** Namespace patterns. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly oplog: boolean;
}

/**
 * Arguments for mongodump beside `--config` and `--archive`, or why it cannot serve the choice: it knows one database, or all, and few ways to leave something out.
 * Throws `cli/bad-arguments` for a pattern that is none.
 */
export function mongodumpArguments(choice: DumpChoice): { args: string[] } | { reason: string } {
  const { pathDatabase, include, exclude, oplog } = choice;
  const databases = askedDatabases(choice.databases, pathDatabase);
  if (databases.length > 1) return { reason: 'it takes one database or all, not several' };
  const [db] = databases;
  if (oplog) {
    if (db !== undefined || include.length + exclude.length > 0)
      return { reason: 'an oplog belongs to a whole replica set: no database and no pattern may be chosen' };
    return { args: ['--oplog'] };
  }
  const patterns = [...include, ...exclude].map(parsePattern);
  if (patterns.length === 0) return { args: db === undefined ? [] : [`--db=${db}`] };
  if (db === undefined) return { reason: 'it takes patterns only for a single chosen database' };
  if (patterns.some(({ plainDatabase, plainCollection }) => plainDatabase !== db || plainCollection === undefined)) {
    return { reason: `it takes only plain names of collections of ${db}, no patterns` };
  }
  const plain = (texts: readonly string[]) => texts.map((text) => parsePattern(text).plainCollection ?? '');
  const [included, ...more] = plain(include);
  if (more.length > 0 || (included !== undefined && exclude.length > 0))
    return { reason: 'it includes one collection, or leaves some out' };
  if (included !== undefined) return { args: [`--db=${db}`, `--collection=${included}`] };
  return { args: [`--db=${db}`, ...plain(exclude).map((name) => `--excludeCollection=${name}`)] };
}
