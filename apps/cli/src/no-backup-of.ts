import { AppError, isTargetName } from '#contracts';
import type { ObjectStore } from '#storage';

/** A place that was looked at, with the targets that have a folder there. */
export interface LookedAt {
  readonly location: string;
  readonly targets: readonly string[];
}

export async function lookForTargets(store: ObjectStore, signal: AbortSignal): Promise<LookedAt> {
  const targets: string[] = [];
  for await (const name of store.listFolders('', signal)) if (isTargetName(name)) targets.push(name);
  return { location: store.location, targets };
}

/** Of a target without a single backup: what is said of all its backups would be said of none. */
export function noBackupOf(target: string, places: readonly LookedAt[]): AppError {
  const others = [...new Set(places.flatMap(({ targets }) => targets))].filter((name) => name !== target).sort();
  const where = places.map(({ location }) => location).join(', ');
  return new AppError({
    code: 'backup/not-found',
    stage: 'arguments',
    message: `There is no backup of ${target} in ${where}${others.length === 0 ? '' : `: targets there are ${others.join(', ')}`}`,
    hint: 'hazina list shows every backup',
  });
}
