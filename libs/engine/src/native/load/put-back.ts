import type { ArchiveContents, LoadRequest } from '../../engine.js';
import { settleEarlierPlans, type ClaimContext } from './claim-plan.js';
import { planNames } from './name-plan.js';
import { databasesOf } from './names.js';
import { optionsDigest } from './options-digest.js';

/** What `LoadEngine.putBack` does: the way is cleared as before a load, and nothing is loaded then. */
export async function putBackAbandoned(
  context: ClaimContext,
  request: LoadRequest,
  { namespaces }: ArchiveContents,
): Promise<'clear' | 'renaming'> {
  const databases = databasesOf(planNames(namespaces, request).entries);
  const wanted = { backupId: request.backupId, digest: optionsDigest(request) };
  const renaming = await settleEarlierPlans(context, databases, wanted);
  // Taken over, and given back at once: whoever loads next need not wait for the lease.
  await renaming?.release();
  return renaming === null ? 'clear' : 'renaming';
}

/** The databases that a restore would write, in order of names. Throws what a wrong selection or rename throws. */
export function writtenDatabases(request: LoadRequest, { namespaces }: ArchiveContents): string[] {
  return databasesOf(planNames(namespaces, request).entries);
}
