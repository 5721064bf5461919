import type { BackupRequest, BackupOutcome, RunObserver } from '#pipeline';
import type { Hooks } from '#hooks';
import type { CliContext } from './context.js';

/** A backup by hand between the hooks of its target, as a worker makes it. */
export async function betweenHooks(
  { hooks, observer }: { readonly hooks: Hooks; readonly observer: RunObserver },
  { target, backupId, attempt, trigger }: Pick<BackupRequest, 'target' | 'backupId' | 'attempt' | 'trigger'>,
  signal: AbortSignal,
  context: CliContext,
  work: () => Promise<BackupOutcome>,
): Promise<BackupOutcome> {
  if (hooks.before.length + hooks.after.length === 0) return work();
  const { withHooks } = await import('#hooks');
  let hasFailed = false;
  const { value, warnings } = await withHooks(
    hooks,
    { target, backupId, attempt, trigger, slot: null, correlationId: null },
    {
      ...{ clock: context.clock, searchPath: context.searchPath(), signal },
      observer: {
        begun: () => observer.stage('hook'),
        asked: (when, hook, verdict) => {
          if (verdict.kind !== 'yes' && (when === 'before' || hasFailed))
            context.warn(`hook ${hook}: ${verdict.reason}`);
        },
        afterwards: () => Promise.resolve(),
      },
    },
    async () => {
      try {
        return await work();
      } catch (error) {
        // Nobody else tells of the hooks after it.
        hasFailed = true;
        throw error;
      }
    },
    ({ backup: { objects, totals, databases } }) => ({
      ...{ sizeBytes: objects.data.bytes, sha256: objects.data.sha256, documents: totals.documents, databases },
    }),
  );
  return { ...value, warnings: [...value.warnings, ...warnings] };
}
