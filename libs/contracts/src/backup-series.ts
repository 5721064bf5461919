import { createHash } from 'node:crypto';
import type { BackupJson, Trigger } from './backup-json.js';

/** The field `database` of a record: the name, or `*` for several. */
export function recordedDatabase(databases: readonly string[]): string {
  const [only] = databases;
  return databases.length === 1 && only !== undefined ? only : '*';
}

/** A dump that others made, taken in by `hazina import`: no backup of what its target is now. */
export function isImported({ engine }: Pick<BackupJson, 'engine'>): boolean {
  return engine.name === 'import';
}

/** Which part of a server is chosen: nothing of `databases` means all of them. Patterns are of namespaces. */
export interface Selected {
  readonly databases: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/**
 * The field `part` of `backup.json`, equal where the choice is: the databases, and a digest of the patterns, where there are some. Names of
 * collections stand nowhere in the clear.
 */
export function partName({ databases, include, exclude }: Selected): string {
  const names = databases.length === 0 ? 'every database' : sorted(databases).join(' ');
  if (include.length + exclude.length === 0) return names;
  const patterns = JSON.stringify({ include: sorted(include), exclude: sorted(exclude) });
  return `${names}, patterns ${createHash('sha256').update(patterns).digest('hex').slice(0, 16)}`;
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

/** The field `part` of a record; null: nothing was chosen by hand, or it was made before that was written down. */
export function recordedPart({ part }: Pick<BackupJson, 'part'>): string | null {
  return part ?? null;
}

/** Made by hand of a part of the server (`hazina backup` with `--database`, `--include` or `--exclude`). Of a single database it may be all that its target is. */
export function isPart({ trigger, database, part }: PartFacts): boolean {
  // Of an older version it may be absent.
  return trigger === 'cli' && (typeof part === 'string' || (database !== null && database !== '*'));
}

/** Whether such a one that holds something else stands for no backup of this one, however good it is. */
export function isPartBeside(facts: PartFacts, of: Pick<SeriesFacts, 'database' | 'part'>): boolean {
  const content = contentOf(of);
  return content !== null && isPart(facts) && contentOf(facts) !== content;
}

/** Null: nobody knows what it holds. */
export function contentOf({ database, part }: Pick<SeriesFacts, 'database' | 'part'>): string | null {
  return part ?? database;
}

/** Those that stand for all that their target is: without parts that hold something else. Where there is nothing but parts, all of them. */
export function wholeOnes<T extends PartFacts>(backups: readonly T[]): readonly T[] {
  const whole = backups.filter((backup) => !isPart(backup));
  const contents = new Set(whole.map(contentOf));
  return whole.length === 0 ? backups : backups.filter((backup) => !isPart(backup) || contents.has(contentOf(backup)));
}

/** The newest that is no part, for what it tells of all that the target is; where there are only parts, the newest of them. */
export function newestWhole<T extends PartFacts>(newestFirst: readonly T[]): T | undefined {
  return newestFirst.find((backup) => !isPart(backup)) ?? newestFirst[0];
}

/** What tells the series of a backup. Null: nobody knows it any more. */
export interface SeriesFacts {
  readonly target: string;
  readonly trigger: Trigger | null;
  readonly database: string | null;
  /** Null as well where there is none (`recordedPart`). */
  readonly part: string | null;
}

export type PartFacts = Omit<SeriesFacts, 'target'>;

/** Of a backup as its `backup.json` tells it. */
export function seriesFactsOf(backup: BackupJson): SeriesFacts {
  const { target, trigger, databases } = backup;
  return { target, trigger, database: recordedDatabase(databases), part: recordedPart(backup) };
}

/**
 * Which series of its target a backup belongs to. A part that was made by hand (`isPart`) stands for no backup of all that the target is, and has the series of what
 * it holds; all others are the target's main series (''). Where every backup of the target holds the same there are no parts. What is added to the store may split a
 * series, and never joins two.
 */
export function seriesOf(backups: readonly SeriesFacts[]): (backup: SeriesFacts) => string {
  const held = new Map<string, Set<string>>();
  for (const backup of backups)
    held.set(backup.target, (held.get(backup.target) ?? new Set()).add(contentOf(backup) ?? '*'));
  return (backup) => (isPart(backup) && (held.get(backup.target)?.size ?? 0) > 1 ? (contentOf(backup) ?? '') : '');
}
