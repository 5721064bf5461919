import type { CleanupResult } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';

/** What a cleanup tells Prometheus. */
export async function countCleanup({ metrics, catalog, clock, store, config }: WorkerParts, result: CleanupResult): Promise<void> {
  metrics.retentionRan({ at: clock.now(), deleted: result.removed });
  const { byStatus } = await catalog.backups.stats({}, clock.now());
  let orphanUploads = 0;
  for await (const _upload of store.listUploads('')) orphanUploads += 1;
  metrics.storeFindings({ missingObjects: byStatus.missing ?? 0, orphanUploads });
  for (const { name } of config.targets) {
    const [oldest] = await catalog.backups.completed(name);
    metrics.recoveryWindow(name, oldest?.completedAt ?? null);
  }
}
