import { createHash } from 'node:crypto';
import { literalName, parsePattern } from '#contracts';
import type { ArchiveContents, LoadRequest, Rename } from '../../engine.js';
import { planNames } from '../load/name-plan.js';

/** Servers take 63 bytes. */
const longestName = 63;
const scratchPattern = /^hazina_scratch_([a-z0-9]{6})_./s;

/** Whether a database has a name that only scratch restores (only this one) give. No proof that one made it: see the marker. */
export function isScratchName(database: string, id?: string): boolean {
  const found = scratchPattern.exec(database)?.[1];
  return found !== undefined && (id === undefined || found === id);
}

/** The scratch database that stands for a database: `hazina_scratch_<id>_<name>`, cut where the server takes no more. */
export function scratchNameOf(id: string, database: string): string {
  const whole = `hazina_scratch_${id}_${database}`;
  if (Buffer.byteLength(whole) <= longestName) return whole;
  const digest = createHash('sha256').update(database, 'utf8').digest('hex').slice(0, 8);
  const room = longestName - digest.length - 1;
  let cut = '';
  for (const character of whole) {
    if (Buffer.byteLength(cut + character) > room) break;
    cut += character;
  }
  return `${cut}_${digest}`;
}

/**
 * The renames that lead everything that a request selects into scratch databases, after its own renames. `id` (six characters) makes their names this
 * restore's alone.
 */
export function scratchRenames(request: LoadRequest, { namespaces }: ArchiveContents, id: string): Rename[] {
  const named = planNames(namespaces, request).entries;
  const own = request.rename.map(({ from, to }) => ({ from, to: intoScratch(to, id) }));
  const exact = new Set(
    named.filter((entry) => isRenamedExactly(request.rename, entry.source)).map((entry) => entry.source),
  );
  const renamedWhole = new Set(
    request.rename.flatMap(({ from }) => {
      const pattern = parsePattern(from);
      return isDatabase(from) ? [pattern.plainDatabase] : [];
    }),
  );
  const others = named.filter(({ source }) => !exact.has(source) && !renamedWhole.has(source.db));
  const whole = [...new Set(others.map(({ source }) => source.db))].map((db) => ({
    from: literalName(db),
    to: literalName(scratchNameOf(id, db)),
  }));
  return [...own, ...whole];
}

/** A namespace of the archive, and where a request leads it. */
export interface LedNamespace {
  readonly from: { readonly db: string; readonly collection: string };
  readonly db: string;
  readonly collection: string;
  readonly type: 'collection' | 'view' | 'timeseries';
}

/** Everything that a request selects, in order of names; what is never loaded (the server's own collections) is not among it. */
export function ledNamespaces(request: LoadRequest, { namespaces }: ArchiveContents): LedNamespace[] {
  return planNames(namespaces, request).entries.map(({ source, db, collection, kind }) => ({
    from: { db: source.db, collection: source.collection },
    ...{ db, collection, type: kind },
  }));
}

function isRenamedExactly(renames: readonly Rename[], source: { db: string; collection: string }): boolean {
  return renames.some(({ from }) => {
    if (isDatabase(from)) return false;
    const { plainDatabase, plainCollection } = parsePattern(from);
    return plainDatabase === source.db && plainCollection === source.collection;
  });
}

function isDatabase(name: string): boolean {
  return dotAt(name) === -1;
}

/** The first dot that is not escaped: where the database ends. */
function dotAt(text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charAt(at) === '\\') at += 1;
    else if (text.charAt(at) === '.') return at;
  }
  return -1;
}

function intoScratch(to: string, id: string): string {
  const dot = dotAt(to);
  const database = parsePattern(dot === -1 ? to : to.slice(0, dot)).plainDatabase ?? '';
  return literalName(scratchNameOf(id, database)) + (dot === -1 ? '' : to.slice(dot));
}
