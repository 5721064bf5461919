import type { RestoreTargetSource } from '#config';
import { scratchIdOf, type RestoreRecord } from '#contracts';
import { replaysOplog, scratchRenames, writtenDatabases, type ArchiveContents, type LoadRequest } from '#engine';

/** What the loader is asked for, from what a person asked for. The same for the same record, whoever makes it: the loader finds its own plan by it. */
export function loadRequestOf(
  record: RestoreRecord,
  target: RestoreTargetSource,
  contents: ArchiveContents,
): LoadRequest {
  const { mode, backupId, databases, include, exclude, rename, onConflict, ignoreWrites, restoreId } = record;
  const wanted: LoadRequest = {
    ...{ uri: target.uri, backupId, askedAs: restoreId, databases, include, exclude, rename, onConflict, ignoreWrites },
    ...{ mode: mode === 'replace' ? 'replace' : 'into-empty', confirm: [], strict: false },
    oplogReplay: replaysOplog(contents, record, record.oplogReplay),
    usersAndRoles: record.usersAndRoles === true,
  };
  if (mode === 'scratch') return { ...wanted, rename: scratchRenames(wanted, contents, scratchIdOf(record.restoreId)) };
  // Confirmed by the name of the restore target, typed: that stands for every database there.
  return mode === 'replace' ? { ...wanted, confirm: writtenDatabases(wanted, contents) } : wanted;
}
