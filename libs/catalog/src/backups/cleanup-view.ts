import { seriesOf, type BackupRecord, type Clock } from '#contracts';
import type { Catalog } from '../contract/catalog.js';
import { deletionCatalog, userOf } from './deletion-view.js';
import { everyMissing } from './every-record.js';
import { isGood } from './is-good.js';
import { recordRemoval } from './record-removal.js';

const dayMs = 86_400_000;
const failuresThatStopDeletion = 3;

export interface CleanupViewOptions {
  readonly clock: Clock;
  /** Who runs it: stands in the story of each record. By whom ever, what it removes is removed by retention. */
  readonly by: string;
  readonly recordRetentionDays: number;
}

/** The records as a cleanup sees them (the pipeline's `CleanupCatalog`, in the same form, but for what the sweeper remembers). */
export function cleanupCatalog(catalog: Catalog, { clock, by, recordRetentionDays }: CleanupViewOptions) {
  const { backups, tasks } = catalog;
  return {
    ...deletionCatalog(catalog),
    serverTime: () => serverTimeOf(catalog),
    async completed(target: string | null) {
      const records = await backups.completed(target ?? undefined);
      const missing = await everyMissing(catalog, target);
      // What was written to a destination stands there until it is brought home: the listing of this store says nothing of it.
      const here = records.filter(({ place }) => place === null);
      // What is elsewhere, or gone, tells as well what all of its target is.
      const series = seriesOf([...records, ...missing]);
      return Promise.all([...here, ...missing].map((record) => viewOf(catalog, record, series(record))));
    },
    lastRunsFailed: (target: string) => lastRunsFailed(catalog, target),
    beginDelete: async (backupId: string) =>
      (await backups.beginDelete(backupId, by, clock.now(), { cause: 'retention' })) !== null,
    async refuseDelete(backupId: string, reason: string, isGone: boolean): Promise<void> {
      await backups.refuseDelete(backupId, reason, clock.now(), isGone);
    },
    async deleted(backupId: string): Promise<void> {
      await recordRemoval(backups, backupId, { by, at: clock.now(), cause: 'retention' });
    },
    async markMissing(backupId: string, missing: boolean): Promise<void> {
      await backups.markMissing(backupId, missing, clock.now());
    },
    async noteLock(backupId: string, lockedUntil: Date): Promise<void> {
      await backups.noteLock(backupId, lockedUntil, clock.now());
    },
    async purgeRecords(): Promise<number> {
      const before = new Date(clock.now().getTime() - recordRetentionDays * dayMs);
      await tasks.purge(before);
      await catalog.alerts.purge(before);
      await catalog.audit.purge(before, clock.now());
      await catalog.restores.purge(before);
      await catalog.drills.purge(before);
      await catalog.copies.purge(before);
      return backups.purge(before);
    },
  };
}

/** The clock of the catalogue's server; null: it does not tell, and the other clocks count alone. */
export function serverTimeOf(catalog: Pick<Catalog, 'serverTime'>): Promise<Date | null> {
  return catalog.serverTime().catch(() => null);
}

/** Begun by nobody, for there is no room: that says nothing against the target, and only deletions make room. */
const noRun = ['store/quota-reached'];

/** Then nothing of the target is removed: its backups may be the last ones. */
export async function lastRunsFailed({ backups }: Pick<Catalog, 'backups'>, target: string): Promise<boolean> {
  const latest = await backups.latest(target, failuresThatStopDeletion, noRun);
  return latest.length === failuresThatStopDeletion && latest.every(({ status }) => status === 'failed');
}

async function viewOf(catalog: Catalog, record: BackupRecord, series: string) {
  const { backupId, target, completedAt, createdAt, size, pinned, verificationStatus } = record;
  return {
    ...{ backupId, target, series, pinned, completedAt: completedAt ?? createdAt, bytes: size ?? 0 },
    status: record.status === 'missing' ? ('missing' as const) : ('completed' as const),
    usedBy: await userOf(catalog, record),
    good: isGood(record),
    verified: verificationStatus.verified,
  };
}
