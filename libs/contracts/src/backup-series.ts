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

/** Made by hand of a single database (`hazina backup --database`), which may be all that its target is. */
export function isByHandOfOne({ trigger, database }: Pick<SeriesFacts, 'trigger' | 'database'>): boolean {
  return trigger === 'cli' && database !== null && database !== '*';
}

/** Whether such a one, of another database, stands for no backup of this one, however good it is. Null: nobody knows what this one holds. */
export function isPartBeside(facts: Pick<SeriesFacts, 'trigger' | 'database'>, database: string | null): boolean {
  return database !== null && isByHandOfOne(facts) && facts.database !== database;
}

/** What tells the series of a backup. Null: nobody knows it any more. */
export interface SeriesFacts {
  readonly target: string;
  readonly trigger: Trigger | null;
  readonly database: string | null;
}

/** Of a backup as its `backup.json` tells it. */
export function seriesFactsOf({ target, trigger, databases }: BackupJson): SeriesFacts {
  return { target, trigger, database: recordedDatabase(databases) };
}

/**
 * Which series of its target a backup belongs to. One of a single database that was made by hand (`hazina backup --database`) is a part: it stands for no backup of
 * all that the target is, and has the series of its database; all others are the target's main series (''). Where every backup of the target holds the same one
 * database there are no parts. What is added to the store may split a series, and never joins two.
 */
export function seriesOf(backups: readonly SeriesFacts[]): (backup: SeriesFacts) => string {
  const held = new Map<string, Set<string>>();
  for (const { target, database } of backups) held.set(target, (held.get(target) ?? new Set()).add(database ?? '*'));
  return (backup) => (isByHandOfOne(backup) && (held.get(backup.target)?.size ?? 0) > 1 ? (backup.database ?? '') : '');
}
