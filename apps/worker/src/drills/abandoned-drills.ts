import { LeaseObserver, type LeaseView } from '#catalog';
import type { RestoreTargetSource } from '#config';
import { quietly } from '#logging';
import { dropDrill, findDrills, type FoundDrill } from '#engine';
import type { WorkerParts } from '../core/worker-core.js';

interface Seen {
  readonly target: RestoreTargetSource;
  readonly drill: FoundDrill;
}

/**
 * Databases of drills that were killed, on every scratch target: those whose markers stood still for their lease on this process's clock are dropped. That
 * goes for drills of the service, verifications and commands alike, and needs no record of them.
 */
export class AbandonedDrills {
  /** By lease: each drill brings its own. */
  readonly #observers = new Map<number, LeaseObserver>();

  readonly #once;

  constructor(private readonly parts: Pick<WorkerParts, 'config' | 'clock' | 'log' | 'tuning'>) {
    this.#once = quietly(parts.clock);
  }

  /** Names of the databases that were dropped. A target that does not answer is looked at again the next time. */
  async look(): Promise<string[]> {
    const { clock, log } = this.parts;
    const began = clock.monotonicMs();
    const seen = await this.#find();
    for (const { drill } of seen.values()) this.#observerOf(drill.leaseMs);
    const dropped: string[] = [];
    for (const [leaseMs, observer] of this.#observers) {
      const views = [...seen]
        .filter(([, { drill }]) => drill.leaseMs === leaseMs)
        .map(([id, { drill }]): LeaseView => ({ kind: 'drill', id, fence: 0, beat: drill.beat }));
      for (const { id } of observer.observe(views, began)) {
        const found = seen.get(id);
        if (found === undefined || !(await dropDrill(found.target.uri, found.drill))) continue;
        const { database, runId } = found.drill;
        dropped.push(database);
        log.warn('database of an abandoned drill dropped', { database, run: runId, restoreTarget: found.target.name });
      }
    }
    return dropped;
  }

  async #find(): Promise<Map<string, Seen>> {
    const { config, log, tuning } = this.parts;
    const seen = new Map<string, Seen>();
    for (const target of config.restoreTargets.filter(({ scratch }) => scratch)) {
      try {
        for (const drill of await findDrills(target.uri, AbortSignal.timeout(tuning.probeTimeoutMs)))
          seen.set(`${target.name}/${drill.database}/${drill.runId}/${drill.fence}`, { target, drill });
      } catch (error) {
        this.#once(target.name, () =>
          log.failure('abandoned drills not looked for', error, 'load', { restoreTarget: target.name }),
        );
      }
    }
    return seen;
  }

  #observerOf(leaseMs: number): LeaseObserver {
    const { config, clock } = this.parts;
    const known = this.#observers.get(leaseMs);
    if (known !== undefined) return known;
    const made = new LeaseObserver({ leaseMs, intervalMs: config.lease.reaperMs, clock });
    this.#observers.set(leaseMs, made);
    return made;
  }
}
