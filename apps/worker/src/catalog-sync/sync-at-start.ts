import { setTimeout as delay } from 'node:timers/promises';
import { syncCatalog, taskJob } from '#catalog';
import { AppError } from '#contracts';
import { quietly } from '#logging';
import { findOutOfStep, type OutOfStep } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';

const foreignTold = 3;
const leftAlone = 'nothing touches them; hazina catalog sync lists them all';
const words: Readonly<Record<OutOfStep['what'], string>> = {
  unrecorded: 'backup without a record',
  missing: 'record without a backup',
  returned: 'backup that was missing',
  'later-attempt': 'backup sealed anew without its record',
};

/**
 * Once after the start, beside the work: one backup that stands in the store and has no record is reason enough for a sync (a catalogue that was lost, or set back
 * to an older copy of itself; a backup made without it), and so is one that has a record and does not stand there, that is there again, or was sealed anew. What is
 * not ours is told. A store that is away is looked at when it is back.
 * What fails here is told, and stops no worker.
 */
export async function syncAtStart(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  const { catalog, store, clock, log, tuning } = parts;
  // Every look while it is away finds the same.
  const once = quietly(clock);
  const look = { store, catalog: syncCatalog(catalog, clock) };
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      const foreign: string[] = [];
      let foreigners = 0;
      const onForeign = (key: string) => {
        foreigners += 1;
        if (foreign.length < foreignTold) foreign.push(key);
      };
      const { value: found } = await findOutOfStep(look, signal, onForeign).next();
      // A sync tells of each.
      if (found !== undefined) await beginSync(parts, found);
      else if (foreigners > 0)
        log.warn('files in the store that are not ours', { files: foreigners, first: foreign, consequence: leftAlone });
      return;
    } catch (thrown) {
      const error = AppError.from(thrown, 'catalog');
      const tell = (): void => log.failure('records not compared with the store', error, 'catalog');
      if (!isOver()) once(error.code, tell);
      if (error.retry !== 'retry') return;
    }
    await delay(tuning.probeEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** One task an hour, whichever worker is first, and its claim is the lock: what nothing proves gets no record however often it is looked at. */
async function beginSync(parts: WorkerParts, { backupId, what }: OutOfStep): Promise<void> {
  const { catalog, ring, queue, clock, storeId, log } = parts;
  const message = words[what];
  if (!ring.canOpen) {
    const consequence = 'records are brought in line where a key that opens is: hazina catalog sync';
    log.warn(message, { backupId, consequence });
    return;
  }
  const hour = clock.now().toISOString().slice(0, 13).replaceAll('-', '');
  const taskId = `sync-${storeId}-${hour}`;
  const inserted = await catalog.tasks.insert({
    ...{ taskId, kind: 'sync', createdAt: clock.now(), correlationId: taskId, backupId: null, level: null },
    ...{ cleanup: null, sync: { target: null, adopt: false, dryRun: false } },
  });
  const consequence = inserted
    ? 'records are brought in line with the store'
    : 'a sync was begun in this hour: what it found stands in its task, and hazina catalog sync makes another';
  log.warn(message, { backupId, taskId, consequence });
  if (!inserted) return;
  // A queue that is down is no loss: the reconciler adds the job of a task that is due.
  await queue.add(taskJob({ taskId, kind: 'sync', jobNumber: 1 })).catch((trouble: unknown) => {
    log.failure('job not added', trouble, 'queue');
  });
}
