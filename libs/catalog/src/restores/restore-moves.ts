import { isAllowedTaskMove, type TaskState } from '#contracts';

/**
 * The new state of a conditional update. The one place where restores change their state: a move that docs/DESIGN.md does not list is a mistake of the
 * program and throws.
 */
export function moveRestore(from: readonly TaskState[], to: TaskState): { readonly status: TaskState } {
  for (const state of from)
    if (!isAllowedTaskMove(state, to)) throw new Error(`no restore goes from ${state} to ${to}`);
  return { status: to };
}
