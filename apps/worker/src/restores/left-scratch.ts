import { isRestoreId, scratchIdOf } from '#contracts';
import type { RestoreTargetSource } from '#config';
import { dropScratch, findScratch } from '#engine';
import { quietly } from '#logging';
import type { WorkerParts } from '../core/worker-core.js';

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
      try {
        dropped.push(...(await this.#lookAt(target)));
      } catch (error) {
        this.#once(target.name, () =>
          this.parts.log.failure('scratch databases of failed restores not dropped', error, 'load', {
            restoreTarget: target.name,
          }),
        );
      }
    }
    return dropped;
  }

  async #lookAt({ name, uri }: RestoreTargetSource): Promise<string[]> {
    const { catalog, log, tuning } = this.parts;
    const found = await findScratch(uri, AbortSignal.timeout(tuning.probeTimeoutMs));
    const all: string[] = [];
    for (const restoreId of new Set(found.map((one) => one.restoreId))) {
      if (!isRestoreId(restoreId)) continue;
      const record = await catalog.restores.find(restoreId);
      // Ended for good: no run of it begins any more.
      const isOver = record?.status === 'failed' || record?.status === 'cancelled';
      if (!isOver || record.mode !== 'scratch' || record.targetName !== name) continue;
      const databases = await dropScratch(uri, scratchIdOf(restoreId), restoreId);
      if (databases.length > 0)
        log.warn('scratch databases of a restore that came to nothing dropped', {
          ...{ restoreId, restoreTarget: name, databases },
        });
      all.push(...databases);
    }
    return all;
  }
}
