import { syncCatalog, taskJob } from '#catalog';
import { findUnrecorded } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';

/**
 * Once after the start, beside the work: one backup that stands in the store and has no record is reason enough for a sync (a catalogue that was lost, or set back
 * to an older copy of itself; a backup made without it). One task a day, whichever worker is first, and its claim is the lock: what nothing proves gets no record
 * however often it is looked at. What fails here is told, and stops no worker.
 */
export async function syncAtStart(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  const { catalog, store, ring, queue, clock, storeId, log } = parts;
  try {
    const look = { store, catalog: syncCatalog(catalog, clock), primary: null };
    const { value: backupId } = await findUnrecorded(look, null, signal).next();
    if (backupId === undefined) return;
    if (!ring.canOpen) {
      const consequence = 'records can be made where a key that opens is: hazina catalog sync';
      log.warn('backup without a record', { backupId, consequence });
      return;
    }
    const taskId = `sync-${storeId}-${clock.now().toISOString().slice(0, 10).replaceAll('-', '')}`;
    const inserted = await catalog.tasks.insert({
      ...{ taskId, kind: 'sync', createdAt: clock.now(), correlationId: taskId, backupId: null, level: null },
      ...{ cleanup: null, sync: { target: null, adopt: false, dryRun: false } },
    });
    if (!inserted) return;
    log.warn('backup without a record', { backupId, taskId, consequence: 'records are made from the store' });
    await queue.add(taskJob({ taskId, kind: 'sync', jobNumber: 1 }));
  } catch (error) {
    if (!signal.aborted) log.failure('records not compared with the store', error, 'catalog');
  }
}
