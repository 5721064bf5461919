import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Secret, randomSuffix, systemClock, systemRandom, type DrillQuery, type DrillReport } from '#contracts';
import { createNativeLoadEngine, findDrills, type LoadEngine } from '#engine';
import { runBackup, runDrill, silentObserver, type DrillDeps } from '#pipeline';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, noAbort, testRing } from './backup-world.js';
import { testUri } from './native-load.js';

// Drills of archives that are at hand, on the real server of the tests.

const folder = join(import.meta.dirname, '../fixtures/archives');

export function fixtureArchive(name: string): Buffer {
  const bytes = readFileSync(join(folder, name));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

export interface StoredDrill {
  readonly store: ObjectStore;
  readonly backupId: string;
}

/** A backup of an archive, in a store of its own. */
export async function storedArchive(archive: Buffer): Promise<StoredDrill> {
  const store = createMemoryStore();
  const { backup } = await runBackup(backupDeps(store, { archive }), backupRequest(), noAbort);
  return { store, backupId: backup.backupId };
}

export function newDrillId(): string {
  return `drill-20261125T000000Z-${randomSuffix(systemRandom, 6)}`;
}

export interface DrillChanges {
  readonly runId?: string;
  readonly fence?: number;
  readonly queries?: readonly DrillQuery[];
  readonly engine?: LoadEngine;
  readonly signal?: AbortSignal;
  readonly observer?: Partial<DrillDeps['observer']>;
  readonly beatMs?: number;
}

export function drillOf({ store, backupId }: StoredDrill, changes: DrillChanges = {}): Promise<DrillReport> {
  const {
    runId = newDrillId(),
    fence = 1,
    queries = [],
    engine = createNativeLoadEngine(),
    signal = noAbort,
  } = changes;
  const observer = { ...silentObserver, ...changes.observer };
  const deps = { store, ring: testRing, clock: systemClock, random: systemRandom, observer, engine };
  const request = {
    runId,
    fence,
    backupId,
    uri: new Secret(testUri()),
    queries,
    lease: { leaseMs: 120_000, beatMs: changes.beatMs ?? 20_000 },
  };
  return runDrill(deps, request, signal);
}

/** Databases of a drill that still are there. */
export async function databasesOf(runId: string): Promise<string[]> {
  const found = await findDrills(new Secret(testUri()), noAbort);
  return found.filter((drill) => drill.runId === runId).map(({ database }) => database);
}
