import { databaseOf } from '../connection/index.js';
import type { DumpRequest } from '../engine.js';
import { parsePattern } from '../selection/index.js';

/** Arguments for mongodump beside `--config` and `--archive`, or why it cannot serve the request: it knows one database, or all, and few ways to leave something out. */
export function dumpArguments(request: DumpRequest): { args: string[] } | { reason: string } {
  const fromUri = databaseOf(request.uri.reveal());
  const databases =
    request.databases.length > 0 ? request.databases : fromUri === undefined || fromUri === 'admin' ? [] : [fromUri];
  if (databases.length > 1) return { reason: 'it takes one database or all, not several' };
  const [db] = databases;
  if (request.oplog === true) {
    if (db !== undefined || request.include.length + request.exclude.length > 0)
      return { reason: 'an oplog belongs to a whole replica set: no database and no pattern may be chosen' };
    return { args: ['--oplog'] };
  }
  const patterns = [...request.include, ...request.exclude].map(parsePattern);
  if (patterns.length === 0) return { args: db === undefined ? [] : [`--db=${db}`] };
  if (db === undefined) return { reason: 'it takes patterns only for a single chosen database' };
  if (patterns.some(({ plainDatabase, plainCollection }) => plainDatabase !== db || plainCollection === undefined)) {
    return { reason: `it takes only plain names of collections of ${db}, no patterns` };
  }
  const plain = (texts: readonly string[]) => texts.map((text) => parsePattern(text).plainCollection ?? '');
  const [included, ...more] = plain(request.include);
  if (more.length > 0 || (included !== undefined && request.exclude.length > 0))
    return { reason: 'it includes one collection, or leaves some out' };
  if (included !== undefined) return { args: [`--db=${db}`, `--collection=${included}`] };
  return { args: [`--db=${db}`, ...plain(request.exclude).map((name) => `--excludeCollection=${name}`)] };
}
