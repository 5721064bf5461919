import { deletionCatalog, isGood, userOf } from '#catalog';
import type { BackupRecord } from '#contracts';
import { readSightingsFile, writeSightingsFile, type CatalogBackup, type CleanupCatalog } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import { clearMissing, raiseMissing } from '../verifications/missing-alert.js';

const dayMs = 86_400_000;
const failuresThatStopDeletion = 3;
const actor = 'retention';

/** The catalogue as a cleanup sees it; what it finds missing is told to people. */
export function cleanupCatalog(parts: WorkerParts, signal: AbortSignal): CleanupCatalog {
  const { catalog, clock, config, store } = parts;
  const { backups, tasks } = catalog;
  return {
    ...deletionCatalog(catalog),
    async completed(target) {
      const records = await backups.completed(target ?? undefined);
      const missing = await listMissing(parts, target);
      return Promise.all([...records, ...missing].map((record) => toCatalogBackup(parts, record)));
    },
    async lastRunsFailed(target) {
      const latest = await backups.latest(target, failuresThatStopDeletion);
      return latest.length === failuresThatStopDeletion && latest.every(({ status }) => status === 'failed');
    },
    beginDelete: async (backupId) => (await backups.beginDelete(backupId, actor, clock.now())) !== null,
    async refuseDelete(backupId, reason, isGone) {
      await backups.refuseDelete(backupId, reason, clock.now(), isGone);
    },
    async deleted(backupId) {
      await backups.deleted(backupId, clock.now());
    },
    async markMissing(backupId, missing) {
      const changed = await backups.markMissing(backupId, missing, clock.now());
      const record = changed ? await backups.find(backupId) : null;
      if (record === null) return;
      if (missing) await raiseMissing(parts, record, 'a complete listing of the store does not show it');
      else await clearMissing(parts, record, `Backup ${backupId} is in the store again`);
    },
    async purgeRecords() {
      const before = new Date(clock.now().getTime() - config.recordRetentionDays * dayMs);
      await tasks.purge(before);
      await catalog.alerts.purge(before);
      await catalog.audit.purge(before, clock.now());
      await catalog.restores.purge(before);
      await catalog.drills.purge(before);
      return backups.purge(before);
    },
    readSightings: () => readSightingsFile(store, signal),
    writeSightings: (sightings) => writeSightingsFile(store, sightings, signal),
  };
}

async function toCatalogBackup({ catalog }: WorkerParts, record: BackupRecord): Promise<CatalogBackup> {
  const { backupId, target, completedAt, createdAt, pinned, verificationStatus } = record;
  return {
    ...{ backupId, target, pinned, completedAt: completedAt ?? createdAt },
    status: record.status === 'missing' ? 'missing' : 'completed',
    usedBy: await userOf(catalog, backupId),
    good: isGood(record),
    verified: verificationStatus.verified,
  };
}

const pageSize = 500;

/** There are few, or something is badly wrong; then a cleanup takes as long as it takes. */
async function listMissing({ catalog }: WorkerParts, target: string | null): Promise<BackupRecord[]> {
  const found: BackupRecord[] = [];
  for (let page = 1; ; page += 1) {
    const { data } = await catalog.backups.list({
      ...{ page, limit: pageSize, status: 'missing', sortBy: 'createdAt', sortOrder: 'asc' },
      ...(target === null ? {} : { target }),
    });
    found.push(...data);
    if (data.length < pageSize) return found;
  }
}
