import { alertKey } from '#catalog';
import { primaryStore, type CleanupResult } from '#contracts';
import { refusalIn } from '#retention';
import { clearAlert, raiseAlert, type AlertDeps } from '../alerts/settle-alert.js';

/** What keeps it from its work, and what to do. */
export interface CleanupTrouble {
  readonly message: string;
  readonly hint: string | null;
}

/** Retention of a store (`primary`, or a destination) that does not come to its end: told once, and once more when it does again. Meanwhile the store only grows. */
export async function settleCleanupAlert(
  parts: AlertDeps,
  place: string,
  trouble: CleanupTrouble | null,
): Promise<void> {
  const called = place === primaryStore ? 'the primary store' : `the destination ${place}`;
  if (trouble === null) {
    const message = `Retention in ${called} is at work again`;
    await clearAlert(parts, alertKey('cleanup-failed', place), { message });
    return;
  }
  const message = `Retention in ${called} did not come to its end: ${trouble.message}`;
  await raiseAlert(parts, 'cleanup-failed', place, { message, hint: trouble.hint });
}

/** A run that was refused, as a whole or in a target, because over half would go; null: it was not. `command`: lists what it was about. */
export function refusalOf(
  { decisions }: Pick<CleanupResult, 'decisions'>,
  command = 'hazina cleanup',
): CleanupTrouble | null {
  const refusal = refusalIn(decisions);
  if (refusal === null) return null;
  const { isWhole, reason } = refusal;
  return {
    message: isWhole ? `nothing is removed, for ${reason}` : `not everything is removed, for ${reason}`,
    hint: `${command} --dry-run lists them; if that is meant, say so with --confirm`,
  };
}
