import { taskJob } from '#catalog';
import { isBackupId, isTargetName } from '#contracts';
import type { ObjectStore } from '#storage';
import type { WorkerParts } from '../core/worker-core.js';

/**
 * At start-up: a catalogue that knows no backup, beside a store that holds some, was lost, and comes back from the store. One task of one id, whichever worker
 * is first, and its claim is the lock; what fails here is told, and stops no worker.
 */
export async function syncLostCatalog(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  const { catalog, store, ring, queue, clock, storeId, log } = parts;
  try {
    if (!(await catalog.sync.knowsNone()) || !(await holdsBackups(store, signal))) return;
    if (!ring.canOpen) {
      log.warn('catalogue lost', {
        consequence: 'its records can be made anew where a key that opens is: hazina catalog sync',
      });
      return;
    }
    const taskId = `sync-${storeId}`;
    const inserted = await catalog.tasks.insert({
      ...{ taskId, kind: 'sync', createdAt: clock.now(), correlationId: taskId, backupId: null, level: null },
      ...{ cleanup: null, sync: { target: null, adopt: false, dryRun: false } },
    });
    if (!inserted) return;
    log.warn('catalogue lost', { taskId, consequence: 'its records are made anew from the store' });
    await queue.add(taskJob({ taskId, kind: 'sync', jobNumber: 1 }));
  } catch (error) {
    log.failure('catalogue not looked at', error, 'catalog');
  }
}

async function holdsBackups(store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  for await (const target of store.listFolders('', signal)) {
    if (!isTargetName(target)) continue;
    for await (const folder of store.listFolders(`${target}/`, signal)) if (isBackupId(folder)) return true;
  }
  return false;
}
