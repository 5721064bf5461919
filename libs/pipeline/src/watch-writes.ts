import { AppError, type Secret } from '#contracts';
import { contentDigests, type PlannedNamespace } from '#engine';

/** What was in the collections that will be replaced, just before the backup of them began. */
export interface WriteWatch {
  /** Throws `restore/conflict` when something was written since: the backup may lack it. */
  check(signal: AbortSignal): Promise<void>;
}

/** Reads what will be replaced, so that a second look just before the renames tells whether somebody wrote meanwhile. Views hold nothing of their own. */
export async function watchWrites(
  uri: Secret,
  replaced: readonly PlannedNamespace[],
  signal: AbortSignal,
): Promise<WriteWatch> {
  const before = await contentDigests(uri, replaced, signal);
  return {
    async check(now) {
      const after = await contentDigests(uri, replaced, now);
      const changed = [...before].filter(([name, digest]) => after.get(name) !== digest).map(([name]) => name);
      if (changed.length === 0) return;
      throw new AppError({
        code: 'restore/conflict',
        stage: 'compare',
        message: `Somebody wrote into what would be replaced, after the backup of it began: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ` and ${changed.length - 5} more` : ''}`,
        hint: 'Nothing was replaced. Stop what writes there and ask for the restore again, or ask for writes to be ignored (ignoreWrites, --ignore-writes)',
        details: { changed: changed.slice(0, 100) },
      });
    },
  };
}
