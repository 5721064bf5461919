import type { CleanupResult } from '#contracts';
import type { Catalog } from '#catalog';
import { isKeptByLock } from '#retention';
import type { ObjectStore } from '#storage';
import { tellRecoveryWindows } from '../core/restore-metrics.js';
import type { WorkerParts } from '../core/worker-core.js';

/** What a cleanup tells Prometheus. */
export async function countCleanup(parts: WorkerParts, result: CleanupResult, isWhole: boolean): Promise<void> {
  const { metrics, catalog, clock, store } = parts;
  const { decisions } = result;
  metrics.retentionRan({
    at: clock.now(),
    // Of one target alone they say nothing of the others.
    kept: isWhole
      ? {
          locked: decisions.filter(isKeptByLock).length,
          refused: decisions.filter(({ decision }) => decision === 'kept-by-refusal').length,
        }
      : null,
  });
  metrics.storeFindings({
    missingObjects: await catalog.backups.count('missing'),
    orphanUploads: await orphanUploads(catalog, store),
    orphanObjects: await orphanObjects(catalog, store),
  });
  await tellRecoveryWindows(parts);
}

/** Open uploads that belong to no run. */
async function orphanUploads(catalog: Catalog, store: ObjectStore): Promise<number> {
  const running = new Set((await catalog.backups.inProgress()).map(({ id }) => id));
  let orphans = 0;
  for await (const { key } of store.listUploads('')) if (!running.has(key.split('/')[1] ?? '')) orphans += 1;
  return orphans;
}

/** Objects of our pattern (`<target>/<backupId>/<attempt>/…`) in folders that no record needs: neither of a run nor of the attempt that a backup was committed as. */
async function orphanObjects(catalog: Catalog, store: ObjectStore): Promise<number> {
  // Listed first: what begins or completes meanwhile is known to the records that are read afterwards.
  const folders = new Map<string, number>();
  for await (const { key } of store.list('')) {
    const [folder, backupId, attempt] = /^[^/]+\/([^/]+)\/(\d+)\//.exec(key) ?? [];
    if (folder !== undefined) folders.set(`${backupId}/${attempt}`, (folders.get(`${backupId}/${attempt}`) ?? 0) + 1);
  }
  const needed = new Map<string, number | null>();
  for (const { backupId, commit } of await catalog.backups.completed()) needed.set(backupId, commit?.attempt ?? null);
  let orphans = 0;
  for (const [folder, objects] of folders) {
    const [backupId = '', attempt = ''] = folder.split('/');
    if (!needed.has(backupId)) needed.set(backupId, await neededAttempt(catalog, backupId));
    const only = needed.get(backupId);
    if (only !== null && only !== Number(attempt)) orphans += objects;
  }
  return orphans;
}

/** The attempt whose objects a record needs; null: any of them may be needed. */
async function neededAttempt(catalog: Catalog, backupId: string): Promise<number | null> {
  const record = await catalog.backups.find(backupId);
  if (record === null || ['failed', 'cancelled', 'deleted'].includes(record.status)) return noAttempt;
  return record.status === 'missing' ? (record.commit?.attempt ?? null) : null;
}

/** Attempts count from 1. */
const noAttempt = 0;
