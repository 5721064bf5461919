import type { CatalogAccess, StoreConfig } from '#config';
import { runBackup, type BackupDeps, type BackupOutcome, type BackupRequest } from '#pipeline';
import type { CliContext } from './context.js';

/** A backup, with a record in the service's catalogue where one is configured. */
export async function runAsRecorded(
  { catalog: access, store }: { readonly catalog: CatalogAccess | undefined; readonly store: StoreConfig },
  deps: BackupDeps,
  request: BackupRequest,
  context: CliContext,
): Promise<BackupOutcome> {
  if (access === undefined) return runBackup(deps, request, context.signal);
  const { withCatalog } = await import('./open-catalog.js');
  const { runRecordedBackup } = await import('./recorded-backup.js');
  return withCatalog(access, context, (catalog) =>
    runRecordedBackup(deps, request, { catalog, access, store }, context),
  );
}
