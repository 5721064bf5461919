import { Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { JobQueue } from '#queue';
import type { MissingKeys } from '../core/check-keys.js';
import type { StoreHealth } from '../publishing/store-health.js';

/** What the probes ask once the work has begun. */
export interface WorkView {
  readonly catalog: Pick<Catalog, 'ping'>;
  readonly queue: Pick<JobQueue, 'ping' | 'checkNoEviction'>;
  /** Milliseconds since the queue's workers had a round trip on their own connection. */
  sinceRoundTripMs(): number;
  store(): StoreHealth;
  missingKeys(): MissingKeys;
}

/** Where the process is in its life; what probes answer from. */
@Injectable()
export class WorkerState {
  phase: 'starting' | 'working' | 'stopping' = 'starting';
  work: WorkView | undefined;
}
