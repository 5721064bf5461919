import { noHooks, type CatalogAccess, type StoreConfig } from '#config';
import type { Hooks } from '#hooks';
import { runBackup, type BackupDeps, type BackupOutcome, type BackupRequest } from '#pipeline';
import { betweenHooks } from './between-hooks.js';
import type { CliContext } from './context.js';
import { warnOfSize } from './warn-of-size.js';

/** A backup between the hooks of its target, with a record in the service's catalogue where one is configured. */
export async function runAsRecorded(
  { catalog: access, store }: { readonly catalog: CatalogAccess | undefined; readonly store: StoreConfig },
  deps: BackupDeps,
  request: BackupRequest,
  context: CliContext,
  hooks: Hooks = noHooks,
): Promise<BackupOutcome> {
  if (access === undefined) {
    const work = () => runBackup(deps, request, context.signal);
    const made = await betweenHooks({ hooks, observer: deps.observer }, request, context.signal, context, work);
    return warnOfSize(deps.store, made, context.signal);
  }
  const { audited } = await import('./audited.js');
  const { withCatalog } = await import('./open-catalog.js');
  const { runRecordedBackup } = await import('./recorded-backup.js');
  const beforeRecord = (made: BackupOutcome, signal: AbortSignal) => warnOfSize(deps.store, made, signal);
  const act = { event: 'backup_trigger', resource: request.backupId, detail: request.target };
  return withCatalog(access, context, (catalog) =>
    audited(catalog, act, context, () =>
      runRecordedBackup(deps, request, { catalog, access, store, hooks, beforeRecord }, context),
    ),
  );
}
