import { isAllowedMove, type BackupState } from '#contracts';
import { op } from './store/record-collection.js';

/**
 * A change of state as the two halves of a conditional update. The one place where states change: a move that docs/DESIGN.md does not list is a
 * mistake of the program and throws.
 */
export function move(
  from: readonly BackupState[],
  to: BackupState,
): { readonly filter: { status: unknown }; readonly set: { status: BackupState } } {
  for (const state of from) if (!isAllowedMove(state, to)) throw new Error(`no backup goes from ${state} to ${to}`);
  return { filter: { status: from.length === 1 ? from[0] : op({ $in: [...from] }) }, set: { status: to } };
}
