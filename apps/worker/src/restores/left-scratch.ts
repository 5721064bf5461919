import { isRestoreId, scratchIdOf } from '#contracts';
import type { RestoreTargetSource } from '#config';
import { dropScratch, findScratch } from '#engine';
import { quietly } from '#logging';
import type { WorkerParts } from '../core/worker-core.js';

/** After the end of a restore nothing of it is dropped for so many leases. */
const quietLeases = 2;

/**
 * Scratch databases of restores that came to nothing, whose drop failed or never began: by their markers and records, not by what a process remembers. Those of
 * a restore that is done are for people, those of the command line have no record: both stay.
 */
export class LeftScratch {
  readonly #once;

  constructor(private readonly parts: Pick<WorkerParts, 'config' | 'catalog' | 'clock' | 'log' | 'tuning'>) {
    this.#once = quietly(parts.clock);
  }

  /** Names of the databases that were dropped. What could not be is looked at again the next time. */
  async look(): Promise<string[]> {
    const dropped: string[] = [];
    for (const target of this.parts.config.restoreTargets.filter(({ scratch }) => scratch)) {
      const restoreIds = (await this.#telling(target, target.name, () => this.#restoresAt(target))) ?? [];
      // Each by itself: one that cannot be dropped does not keep the others.
      for (const restoreId of restoreIds)
        dropped.push(
          ...((await this.#telling(target, `${target.name}/${restoreId}`, () => this.#drop(target, restoreId))) ?? []),
        );
    }
    return dropped;
  }

  async #telling<T>({ name }: RestoreTargetSource, key: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#once(key, () =>
        this.parts.log.failure('scratch databases of failed restores not dropped', error, 'load', {
          restoreTarget: name,
        }),
      );
      return undefined;
    }
  }

  async #restoresAt({ uri }: RestoreTargetSource): Promise<readonly string[]> {
    const found = await findScratch(uri, AbortSignal.timeout(this.parts.tuning.probeTimeoutMs));
    return [...new Set(found.map(({ restoreId }) => restoreId))].filter(isRestoreId);
  }

  async #drop({ name, uri }: RestoreTargetSource, restoreId: string): Promise<readonly string[]> {
    const { catalog, clock, config, log } = this.parts;
    const record = await catalog.restores.find(restoreId);
    // Ended for good: no run of it begins any more. One that was fenced off and wakes late may still write, and what it writes into a dropped database has no marker.
    const isOver = record?.status === 'failed' || record?.status === 'cancelled';
    const since = record?.completedAt ?? null;
    const isQuiet = since !== null && clock.now().getTime() - since.getTime() > quietLeases * config.lease.leaseMs;
    if (!isOver || !isQuiet || record.mode !== 'scratch' || record.targetName !== name) return [];
    const databases = await dropScratch(uri, scratchIdOf(restoreId), restoreId);
    if (databases.length > 0)
      log.warn('scratch databases of a restore that came to nothing dropped', {
        ...{ restoreId, restoreTarget: name, databases },
      });
    return databases;
  }
}
