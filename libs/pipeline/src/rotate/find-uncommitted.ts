import type { ObjectStore } from '#storage';
import { backupFolder } from '../objects/keys.js';
import { meaningOf } from '../objects/key-pattern.js';

/** Folders without `backup.json` that hold data and manifest, in words: no rotation knows them, and somebody may want to adopt them with the key that they have. */
export async function findUncommitted(
  store: ObjectStore,
  unfinished: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const reports: string[] = [];
  for (const backupId of unfinished) {
    const names = new Map<number, Set<string>>();
    for await (const { key } of store.list(backupFolder(backupId), signal)) {
      const meaning = meaningOf(key);
      if (meaning.kind !== 'attempt') continue;
      names.set(meaning.attempt, (names.get(meaning.attempt) ?? new Set()).add(meaning.name));
    }
    if ([...names.values()].some((found) => found.has('data.hzn') && found.has('manifest.hzn')))
      reports.push(
        `${backupId} holds data and manifest but no backup.json: its keys stay as they are; while it runs, or until catalog sync --adopt takes it in, keep the retired keys`,
      );
  }
  return reports;
}
