import type { CleanupResult } from '#contracts';
import type { Catalog } from '#catalog';
import type { ObjectStore } from '#storage';
import type { WorkerParts } from '../core/worker-core.js';

/** What a cleanup tells Prometheus. */
export async function countCleanup(
  { metrics, catalog, clock, store, config }: WorkerParts,
  result: CleanupResult,
): Promise<void> {
  metrics.retentionRan({ at: clock.now(), deleted: result.removed });
  const { byStatus } = await catalog.backups.stats({}, clock.now());
  metrics.storeFindings({ missingObjects: byStatus.missing ?? 0, orphanUploads: await orphanUploads(catalog, store) });
  for (const { name } of config.targets) {
    const [oldest] = await catalog.backups.completed(name);
    metrics.recoveryWindow(name, oldest?.completedAt ?? null);
  }
}

/** Open uploads that belong to no run. */
async function orphanUploads(catalog: Catalog, store: ObjectStore): Promise<number> {
  const running = new Set((await catalog.backups.inProgress()).map(({ id }) => id));
  let orphans = 0;
  for await (const { key } of store.listUploads('')) if (!running.has(key.split('/')[1] ?? '')) orphans += 1;
  return orphans;
}
