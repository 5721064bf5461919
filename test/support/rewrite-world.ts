import { buffer } from 'node:stream/consumers';
import { systemClock, systemRandom, type BackupJson } from '#contracts';
import { generateKey, KeyRing, parseKey, type OperatorKey } from '#crypto';
import { proveBackup, runRotate, runVerify, silentObserver, type RotateDeps, type RotatedBackup } from '#pipeline';
import type { ObjectStore, PutBytesOptions, PutOptions } from '#storage';
import { noAbort, testRing } from './backup-world.js';
import { replaceCalls } from './replace-calls.js';

// A backup that is sealed anew: rings before and after, and what may be said of it at every moment.

const newKey = () => parseKey(generateKey(systemRandom), 'KEY').key;
const [oldKey] = testRing.current as [OperatorKey];
export const nextKey = newKey();
/** What is configured while keys are changed. */
export const bothRing = new KeyRing({ current: [nextKey], retired: [oldKey] });
export const nextRing = new KeyRing({ current: [nextKey], retired: [] });

/** Asks for it, without a catalogue unless one is given. */
export async function rewrite(
  store: ObjectStore,
  {
    ring = bothRing,
    graceMs = 0,
    dryRun = false,
    ...deps
  }: Partial<RotateDeps> & { graceMs?: number; dryRun?: boolean } = {},
): Promise<readonly RotatedBackup[]> {
  const all = { store, ring, clock: systemClock, random: systemRandom, commitPauseMs: 1, ...deps };
  return (await runRotate(all, { target: null, dryRun, rewrite: { graceMs } }, noAbort)).results;
}

/** Reads a backup to its end with these keys. Throws when it is not good. */
export async function readWhole(store: ObjectStore, { backupId }: BackupJson, ring: KeyRing): Promise<BackupJson> {
  const { backup } = await proveBackup({ store, ring }, backupId, noAbort);
  await runVerify({ store, ring, observer: silentObserver }, { backupId, level: 'readable' }, noAbort);
  return backup;
}

/** Removes every attempt's folder but those that are named, as a sweeper does when their grace has passed. */
export async function sweepAllBut(store: ObjectStore, { backupId }: BackupJson, ...named: number[]): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(`clinic/${backupId}/`)) keys.push(key);
  for (const key of keys) {
    const attempt = /\/(\d+)\/[^/]+$/.exec(key)?.[1];
    if (attempt !== undefined && !named.includes(Number(attempt))) await store.delete(key);
  }
}

/** A store that honours no conditions. */
export function unconditional(store: ObjectStore): ObjectStore {
  return replaceCalls(store, {
    abilities: async () => ({ ...(await store.abilities()), conditionalCreate: false, conditionalReplace: false }),
    put: async (key, body, { ifNoneMatch: _, ...options }: PutOptions) => {
      await store.delete(key);
      return store.put(key, body, options);
    },
    putBytes: (key: string, bytes: Uint8Array, { signal }: PutBytesOptions = {}) =>
      store.putBytes(key, bytes, signal === undefined ? {} : { signal }),
  });
}

/** All objects of a store, and a way to make another of them. */
export async function snapshot(store: ObjectStore): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  for await (const { key } of store.list('')) objects.set(key, await buffer(await store.get(key)));
  return objects;
}
