import { alertKey } from '#catalog';
import type { BackupRecord } from '#contracts';
import { withHooks, type Hooks } from '#hooks';
import type { BackupOutcome } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import { clearAlert, raiseAlert } from '../alerts/settle-alert.js';
import type { ClaimedBackup } from './claimed-backup.js';

/** A run between the hooks of its target. What hooks after it could not do is a warning of the backup and an alert; it takes nothing from the backup. */
export async function betweenHooks(
  parts: WorkerParts,
  { record, claim, observer, log }: ClaimedBackup,
  hooks: Hooks,
  work: () => Promise<BackupOutcome>,
): Promise<BackupOutcome> {
  const { backupId, target, trigger, slot, correlationId } = record;
  const { value, warnings } = await withHooks(
    hooks,
    { backupId, target, attempt: claim.ref.fence, trigger, slot, correlationId },
    {
      ...{ clock: parts.clock, searchPath: parts.config.searchPath, signal: claim.signal },
      observer: {
        begun: () => observer.stage('hook'),
        asked(when, hook, verdict, durationMs) {
          const fields = { when, hook, verdict: verdict.kind, durationMs };
          if (verdict.kind === 'yes') log.info('hook', fields);
          else log.warn('hook', { ...fields, reason: verdict.reason });
        },
        async afterwards(failures) {
          await alertOf(parts, record, failures).catch((error: unknown) => {
            log.failure('alert of a hook not raised', error, 'catalog');
          });
        },
      },
    },
    work,
    ({ backup: { objects, totals, databases } }) => ({
      ...{ sizeBytes: objects.data.bytes, sha256: objects.data.sha256, documents: totals.documents, databases },
    }),
  );
  return { ...value, warnings: [...value.warnings, ...warnings] };
}

/** Told once while it lasts, and once more when the hooks after a backup of the target work again. */
async function alertOf(
  parts: WorkerParts,
  { backupId, target, correlationId }: BackupRecord,
  failures: readonly string[],
): Promise<void> {
  const [first, ...others] = failures;
  if (first === undefined) {
    const message = `The hooks after backups of ${target} work again`;
    await clearAlert(parts, alertKey('hook-failed', target), { message, target, backupId });
    return;
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  await raiseAlert(parts, 'hook-failed', target, {
    ...{ target, backupId, correlationId },
    message: `A ${first}${more}`,
    hint: 'The backup itself is not touched by it. See the log of the worker, and what the hook is to do',
  });
}
