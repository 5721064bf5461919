import type { Secret } from '#contracts';
import type { LoadRequest } from '#engine';

/** A request for everything, into an empty target, with the given changes. */
export function loadRequestTo(uri: Secret, changes: Partial<LoadRequest> = {}): LoadRequest {
  return {
    uri,
    backupId: 'x',
    databases: [],
    include: [],
    exclude: [],
    rename: [],
    mode: 'into-empty',
    confirm: [],
    onConflict: 'fail',
    ignoreWrites: false,
    strict: false,
    ...changes,
  };
}
