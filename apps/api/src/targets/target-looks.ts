import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, SeenWorker, TargetEnds } from '#catalog';
import type { Clock } from '#contracts';
import { Recent } from '../backups/recent.js';
import { CATALOG, CLOCK } from '../core/tokens.js';

/** As the statistics: a page that everybody has open asks once a second for all of them, and not three times for each. */
const kept = { leastMs: 1_000, mostMs: 30_000 } as const;

/**
 * What replies tell of targets and costs the catalogue something, a second old at most (where it takes long, ten times that, up to half a minute). What somebody has
 * just changed, the pause of a schedule, is not among it; and what decides, the upkeep, asks the catalogue itself.
 */
@Injectable()
export class TargetLooks {
  readonly #workers: Recent<readonly SeenWorker[]>;
  readonly #ends: Recent<Readonly<Record<string, TargetEnds>>>;

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) clock: Clock,
  ) {
    const monotonicMs = (): number => clock.monotonicMs();
    this.#workers = new Recent({ ...kept, monotonicMs });
    this.#ends = new Recent({ ...kept, monotonicMs });
  }

  workers(): Promise<readonly SeenWorker[]> {
    return this.#workers.get('', () => this.catalog.workers.all());
  }

  /** The newest outcomes of each target. */
  ends(): Promise<Readonly<Record<string, TargetEnds>>> {
    return this.#ends.get('', () => this.catalog.backups.ends());
  }
}
