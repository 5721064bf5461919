import { hostname } from 'node:os';
import type { Catalog, Upkeep } from '#catalog';
import type { Reload, RestoreTargetSource, SourceConfig, WorkerConfig } from '#config';
import { randomSuffix, type Clock, type Random } from '#contracts';
import type { KeyRing } from '#crypto';
import type { Metrics } from '#metrics';
import type { Channel } from '#notify';
import type { JobQueue } from '#queue';
import type { ObjectStore } from '#storage';
import type { WorkerLog } from '../logging/worker-log.js';
import type { LiveKeys } from './live-keys.js';
import type { Destination, DestinationSet } from '../replicas/destination-types.js';
import type { Tuning } from './tuning.js';

/** What the process has from its first moment on. */
export interface WorkerCore {
  readonly config: WorkerConfig;
  readonly version: string;
  readonly log: WorkerLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly tuning: Tuning;
  /** Who claims, and who reports: `<host>/<pid>/<random>`. */
  readonly owner: string;
  readonly startedAt: Date;
  /** Reads the configuration again: targets, restore targets, destinations and keys. */
  readonly reload: Reload<WorkerConfig>;
}

/** What work needs besides; there once everything outside was reached. */
export interface WorkerParts extends WorkerCore {
  readonly catalog: Catalog;
  readonly queue: JobQueue;
  readonly store: ObjectStore;
  readonly places: DestinationSet;
  /** Where backups are copied to as it is now, the nearest first: a run takes them once, and keeps them to its end. */
  readonly destinations: readonly Destination[];
  /** The store that the catalogue belongs to. */
  readonly storeId: string;
  readonly keys: LiveKeys;
  /** The ring as it is now: a run takes it once, and keeps it to its end. */
  readonly ring: KeyRing;
  /** Names of all our keys in this store, as they are now. */
  readonly keyIds: readonly string[];
  /** Of these: what opens. Public keys only seal. */
  readonly openingKeyIds: readonly string[];
  /** Of these: what it seals with. */
  readonly currentKeyIds: readonly string[];
  readonly channels: readonly Channel[];
  readonly upkeep: Upkeep;
}

export function newOwner(random: Random): string {
  return `${hostname()}/${process.pid}/${randomSuffix(random, 8)}`;
}

export function targetOf(config: WorkerConfig, name: string): SourceConfig | undefined {
  return config.targets.find((target) => target.name === name);
}

export function restoreTargetOf(config: WorkerConfig, name: string): RestoreTargetSource | undefined {
  return config.restoreTargets.find((target) => target.name === name);
}
