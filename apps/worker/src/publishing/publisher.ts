import { Inject, Injectable } from '@nestjs/common';
import type { RestoreTargetHealth, TargetHealth, WorkerReport } from '#contracts';
import { findTool } from '#engine';
import { Every } from '../core/every.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { DumpEngines } from '../engines/dump-engines.js';
import { quietly } from '#logging';
import { Replicators } from '../replicas/replicators.js';
import { Examiner } from './examiner.js';
import { lookAtStore, unknownStore, type StoreHealth } from './store-health.js';
import { lookAtRestoreServer, unknownRestoreHealth } from './restore-target-health.js';
import { lookAtTarget, unknownHealth } from './target-health.js';

/** Publishes with every beat what the API cannot know: this worker, its keys and tools, the health of targets and store. Looks at them more rarely. */
@Injectable()
export class Publisher {
  readonly #beats: Every;
  readonly #looks: Every;
  readonly #once;
  #tools: Readonly<Record<string, string>> = {};
  #targets: readonly TargetHealth[];
  #restoreTargets: readonly RestoreTargetHealth[];
  #store: StoreHealth = unknownStore;

  constructor(
    @Inject(PARTS) private readonly parts: WorkerParts,
    @Inject(DumpEngines) private readonly engines: DumpEngines,
    @Inject(Examiner) private readonly examiner: Examiner,
    @Inject(Replicators) private readonly replicators: Replicators,
  ) {
    const { clock, config, tuning } = parts;
    this.#once = quietly(clock);
    this.#targets = config.targets.map(unknownHealth);
    this.#restoreTargets = config.restoreTargets.map(unknownRestoreHealth);
    this.#beats = new Every(config.lease.beatMs, () => this.#publish());
    this.#looks = new Every(Math.max(tuning.probeEveryMs, config.lease.beatMs), () => this.#look());
  }

  get store(): StoreHealth {
    return this.#store;
  }

  start(): void {
    this.#looks.start();
    this.#beats.start();
    this.examiner.start();
  }

  /** Takes the report away: a worker that was stopped in order is not a lost one. */
  async stop(): Promise<void> {
    await Promise.all([this.#beats.stop(), this.#looks.stop(), this.examiner.stop()]);
    const { catalog, owner, log } = this.parts;
    await catalog.workers.remove(owner).catch((error: unknown) => log.failure('report not removed', error, 'catalog'));
  }

  async #look(): Promise<void> {
    const { parts } = this;
    const [tools, store, restoreTargets, ...targets] = await Promise.all([
      this.#findTools(),
      lookAtStore(parts),
      Promise.all(parts.config.restoreTargets.map((target) => lookAtRestoreServer(parts, target))),
      ...parts.config.targets.map((target) => lookAtTarget(parts, this.engines, target)),
    ]);
    this.#tools = tools;
    this.#store = store;
    this.#targets = targets;
    this.#restoreTargets = restoreTargets;
    for (const { target, reachable, detail } of [...targets, ...restoreTargets])
      if (reachable !== true)
        this.#once(`target ${target}`, () => parts.log.warn('target not reachable', { target, detail }));
    if (store.ok !== true) this.#once('store', () => parts.log.warn('store degraded', { detail: store.detail }));
    await this.#publish();
  }

  async #findTools(): Promise<Readonly<Record<string, string>>> {
    try {
      return { mongodump: (await findTool(this.parts.config.searchPath, 'mongodump')).version };
    } catch {
      // Not found, or not to be used: a backup that needs it says why.
      return {};
    }
  }

  async #publish(): Promise<void> {
    const { catalog, log } = this.parts;
    try {
      await catalog.workers.publish(this.#report());
    } catch (error) {
      this.#once('publish', () => log.failure('report not published', error, 'catalog'));
    }
  }

  #report(): Omit<WorkerReport, 'beatAt'> {
    const { owner, version, startedAt, config, ring, storeId, store } = this.parts;
    const { keyIds, openingKeyIds, currentKeyIds } = this.parts;
    return {
      ...{ workerId: owner, version, startedAt, beatSeconds: config.lease.beatMs / 1000 },
      ...{ host: owner.split('/')[0] ?? '', nodeVersion: process.version, tools: this.#tools, storeId },
      ...{ keyIds, openingKeyIds, currentKeyIds },
      reads: ring.opensWhatItSeals,
      ...{ storeLocation: store.location, storeFreeBytes: this.#store.freeBytes },
      ...{ storeOk: this.#store.ok, storeDetail: this.#store.detail, targets: this.#targets },
      ...{ restoreTargets: this.#restoreTargets, destinations: this.replicators.health, look: this.examiner.look },
    };
  }
}
