import type { Clock, DrillQuery, Random, Secret } from '#contracts';
import type { KeyRing } from '#crypto';
import type { LoadEngine } from '#engine';
import type { ObjectStore } from '#storage';
import type { RunObserver } from '../deps.js';
import type { RecordedObjects } from '../objects/compare-record.js';

export interface DrillDeps {
  readonly store: ObjectStore;
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: RunObserver;
  /** The native one: another does not tell when everything is loaded. */
  readonly engine: LoadEngine;
}

export interface DrillRequest {
  /** The drill's or verification's own id: what an earlier run of the same left in the target is dropped first. */
  readonly runId: string;
  /** Which run of it: the number of its claim. A run that was fenced off and wakes late must not drop what its successor made. */
  readonly fence: number;
  readonly backupId: string;
  /** What the catalogue says of its objects; absent: nobody knows. */
  readonly recorded?: RecordedObjects | null;
  /** The scratch target. */
  readonly uri: Secret;
  readonly queries: readonly DrillQuery[];
  /** Of the databases that it makes: they beat, and are anybody's to drop when they stood still for so long. */
  readonly lease: { readonly leaseMs: number; readonly beatMs: number };
}
