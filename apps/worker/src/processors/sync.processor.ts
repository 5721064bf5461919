import { Inject, Injectable } from '@nestjs/common';
import { knownCopies, syncCatalog } from '#catalog';
import type { AppError, JobPayloads, SyncResult, SyncWish, TaskRecord } from '#contracts';
import { notLookedAt, reportUnrecorded, runSync, silentObserver, type SyncCatalog } from '#pipeline';
import { runTask } from '../claims/run-task.js';
import { PARTS } from '../core/tokens.js';
import { targetOf, type WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { clearMissing, raiseMissing } from '../verifications/missing-alert.js';
import type { JobProcessor } from './job-processor.js';

/** Brings the catalogue in line with the store; the result is kept on its task. */
@Injectable()
export class SyncProcessor implements JobProcessor<'sync'> {
  readonly name = 'sync';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ taskId }: JobPayloads['sync'], signal: AbortSignal): Promise<void> {
    const steps = {
      work: (task: TaskRecord, running: AbortSignal, log: WorkerLog) => this.#sync(task, running, log),
      ended: (_task: TaskRecord, error: AppError | null, log: WorkerLog) => {
        if (error !== null) log.failure('sync failed', error, 'catalog');
        return Promise.resolve();
      },
    };
    await runTask(this.parts, taskId, steps, signal);
  }

  async #sync(task: TaskRecord, signal: AbortSignal, log: WorkerLog): Promise<SyncResult> {
    const { store, ring, clock, config, storeId } = this.parts;
    const began = clock.monotonicMs();
    const wish = task.sync ?? { target: null, adopt: false, dryRun: false };
    const synced = await runSync(
      { store, ring, clock, observer: silentObserver, catalog: this.#catalog() },
      {
        ...wish,
        ...{ expectedStoreId: storeId, graceMs: config.orphanGraceMs },
        prefix: config.store.kind === 's3' ? config.store.prefix : '',
      },
      signal,
    );
    const result = { ...synced, reports: [...synced.reports, ...(await this.#ofDestinations(wish, signal))] };
    const { changes, reports, counts, ...numbers } = result;
    log.info('catalogue synced', {
      ...{ ...numbers, ...counts, reports },
      changed: changes.length,
      durationSeconds: (clock.monotonicMs() - began) / 1000,
    });
    return result;
  }

  /** Backups that stand in a destination alone: what it keeps by a policy of its own is a copy again, of others people are told. */
  async #ofDestinations({ target, dryRun }: SyncWish, signal: AbortSignal): Promise<readonly string[]> {
    const { catalog, clock, config, destinations, ring, store } = this.parts;
    const records = syncCatalog(catalog, clock);
    const known = knownCopies(catalog, clock);
    const look = { catalog: records, ...known, ring, clock, primary: dryRun ? store : null, target };
    const reports = destinations.map((destination) => {
      const { name, retention } = destination;
      const keeps = (of: string): boolean =>
        retention !== null && targetOf(config, of)?.replicas.includes(name) === true;
      // Only when the worker ends, or has lost the task. The sync itself is done, and is not to be done again for that.
      return reportUnrecorded({ name, store: destination.store, keeps }, look, signal).catch(() => [
        notLookedAt(name, 'the worker ended'),
      ]);
    });
    return (await Promise.all(reports)).flat();
  }

  /** What it finds missing, or back, is told to people. */
  #catalog(): SyncCatalog {
    const { catalog, clock } = this.parts;
    const records = syncCatalog(catalog, clock);
    return {
      ...records,
      markMissing: async (backupId, missing) => {
        const changed = await records.markMissing(backupId, missing);
        const record = changed ? await catalog.backups.find(backupId) : null;
        if (record === null) return changed;
        if (missing) await raiseMissing(this.parts, record, 'a complete listing of the store does not show it');
        else await clearMissing(this.parts, record, `Backup ${backupId} is in the store again`);
        return changed;
      },
    };
  }
}
