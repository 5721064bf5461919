import { AppError } from '#contracts';
import type { LoadRequest } from '../../engine.js';
import type { Lease } from './lease-watch.js';
import { listNames } from './names.js';
import type { OwnedPlan } from './plan-store.js';

/** Collections that have their names already, of so many that get one. */
export interface Named {
  readonly done: readonly string[];
  readonly of: number;
}

/** What is left to be done, for a restore that stopped among its renames. */
export function unfinished(error: unknown, lease: Lease, named: Named | null = null): AppError {
  const done = named === null ? '' : `, ${named.done.length} of ${named.of} have theirs`;
  const which = named === null || named.done.length === 0 ? '' : ` (${listNames(named.done)})`;
  const cause = AppError.from(error, 'rename');
  return new AppError({
    code: 'restore/unfinished',
    stage: 'rename',
    message: `The restore stopped while it gave the loaded collections their names${done}${which}: ${cause.message}`,
    hint: `Run the same command again: it finishes the renames (it may wait up to ${seconds(lease)} s first). ${cause.hint ?? ''}`.trim(),
    retry: cause.retry,
    cause: error,
    details: { ...cause.details, ...(named === null ? {} : { done: named.done }) },
  });
}

/** The error, with what it could not clean up. */
export function leftBehind(error: AppError, plan: OwnedPlan, lease: Lease, cleanUp: unknown): AppError {
  const why = AppError.from(cleanUp, error.stage).message;
  const where = listNames(plan.draft.databases);
  return new AppError({
    code: error.code,
    stage: error.stage,
    message: error.message,
    hint: `${error.hint === undefined ? '' : `${error.hint}. `}What was loaded could not be removed (${why}): collections _hazina_tmp_${plan.draft.restoreId.slice(0, 6)}_* and the plan stay in ${where}; nothing else changed. The next restore into them removes both, after at most ${seconds(lease)} s of waiting`,
    retry: error.retry,
    cause: error,
    details: error.details,
  });
}

function seconds(lease: Lease): number {
  return Math.ceil((lease.leaseMs + lease.beatMs) / 1000);
}

/** What somebody else changed under the names while the restore loaded: a note where writes are ignored, else `restore/conflict`. */
export function noteOfChanges(changes: readonly string[], { ignoreWrites }: LoadRequest): string {
  const what = `Somebody else wrote into the target during the restore: ${listNames(changes)}`;
  if (ignoreWrites) return what;
  throw new AppError({
    code: 'restore/conflict',
    stage: 'rename',
    message: what,
    hint: 'Nothing was renamed; the target is as it was. Stop what writes there and run the command again, or add --ignore-writes',
    details: { changes },
  });
}
