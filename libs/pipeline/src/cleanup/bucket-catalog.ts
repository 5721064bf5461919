import { AppError, seriesFactsOf, seriesOf, type BackupJson } from '#contracts';
import type { CatalogBackup, CleanupCatalog } from '../deps.js';
import { listBackups } from '../list-backups.js';
import { readMarks } from '../objects/marks-file.js';
import { proveBackup } from '../objects/prove-backup.js';
import type { CleanupDeps } from './cleanup-types.js';
import { readSightingsFile, writeSightingsFile } from './sightings-file.js';

const readsAtOnce = 4;

/** The bucket in the place of the catalogue. It knows no states, no uses and no failed runs. */
export function bucketCatalog(deps: CleanupDeps, report: (text: string) => void, signal: AbortSignal): CleanupCatalog {
  return {
    view: () => Promise.resolve(null),
    serverTime: () => Promise.resolve(null),
    completed: async (target) => {
      const { backups } = await listBackups(deps.store, target ?? undefined, signal);
      const series = seriesOf(backups.map(seriesFactsOf));
      const found: CatalogBackup[] = [];
      for (let at = 0; at < backups.length; at += readsAtOnce) {
        const some = backups.slice(at, at + readsAtOnce);
        found.push(
          ...(await Promise.all(
            some.map(async (backup) => ({
              ...(await describe(deps, backup, report, signal)),
              series: series(seriesFactsOf(backup)),
            })),
          )),
        );
      }
      return found;
    },
    lastRunsFailed: () => Promise.resolve(false),
    beginDelete: () => Promise.resolve(true),
    refuseDelete: () => Promise.resolve(),
    deleted: () => Promise.resolve(),
    markMissing: () => Promise.resolve(),
    noteLock: () => Promise.resolve(),
    purgeRecords: () => Promise.resolve(0),
    readSightings: () => readSightingsFile(deps.store, signal),
    writeSightings: (sightings) => writeSightingsFile(deps.store, sightings, signal),
  };
}

async function describe(
  deps: CleanupDeps,
  backup: BackupJson,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<CatalogBackup> {
  const { backupId, target } = backup;
  const doubt = await findDoubt(deps, backupId, signal);
  if (doubt !== null) report(`${backupId} is kept and does not count as good: ${doubt}`);
  const { pinned, verified } = await readSigns(deps, backup, signal);
  return {
    backupId,
    target,
    status: 'completed',
    completedAt: new Date(backup.completedAt),
    bytes: backup.objects.data.bytes,
    pinned,
    // Dates that nobody has proven must not let anything go, this backup included.
    usedBy: doubt === null ? null : 'its dates are not proven',
    good: doubt === null,
    verified: doubt === null && verified,
  };
}

/** With keys at hand, dates count only when the sealed manifest says the same (spec/objects.md). */
async function findDoubt({ store, ring }: CleanupDeps, backupId: string, signal: AbortSignal): Promise<string | null> {
  if (ring === undefined) return null;
  try {
    await proveBackup({ store, ring }, backupId, signal);
    return null;
  } catch (error) {
    // Of what lies in a cold class the data's header cannot be read: it is kept, as long as only the bucket is asked.
    if (error instanceof AppError && /^(backup\/|container\/|compression\/|keys\/|store\/cold)/.test(error.code))
      return error.message;
    throw error;
  }
}

async function readSigns(
  { store }: CleanupDeps,
  backup: BackupJson,
  signal: AbortSignal,
): Promise<{ pinned: boolean; verified: boolean }> {
  try {
    const marks = await readMarks(store, backup.backupId, signal);
    const verified = marks?.verifications.some(({ level, ok }) => ok && level !== 'stored') ?? false;
    return { pinned: marks?.pinned ?? backup.pinned, verified };
  } catch (error) {
    if (error instanceof AppError && error.code === 'backup/damaged') return { pinned: true, verified: false };
    throw error;
  }
}
