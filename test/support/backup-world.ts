import { readFileSync } from 'node:fs';
import { newBackupId, Secret, systemClock, systemRandom, type BackupJson } from '#contracts';
import { generateKey, KeyRing, parseKey } from '#crypto';
import { runBackup, silentObserver, type BackupDeps, type BackupRequest } from '#pipeline';
import type { ObjectStore } from '#storage';
import { dumpDouble, type DumpDoubleOptions } from './dump-double.js';

// What tests of the pipeline begin with: a small real archive, a key, and a request.

export const clinicArchive = readFileSync(new URL('../fixtures/archives/clinic.archive', import.meta.url));
/** The same of several databases. */
export const multiArchive = readFileSync(new URL('../fixtures/archives/multi.archive', import.meta.url));
export const testRing = new KeyRing({ current: [parseKey(generateKey(systemRandom), 'test').key], retired: [] });
export const noAbort = new AbortController().signal;

export function backupRequest(changes: Partial<BackupRequest> = {}): BackupRequest {
  return {
    backupId: newBackupId('clinic', systemClock.now(), systemRandom),
    target: 'clinic',
    attempt: 1,
    trigger: 'manual',
    dump: { uri: new Secret('unused'), databases: [], include: [], exclude: [] },
    compression: { codec: 'zstd', level: 1 },
    label: null,
    pinned: false,
    retentionDays: 30,
    ...changes,
  };
}

export function backupDeps(store: ObjectStore, options: Partial<DumpDoubleOptions> = {}): BackupDeps {
  return {
    store,
    ring: testRing,
    engine: dumpDouble({ archive: clinicArchive, ...options }),
    clock: systemClock,
    random: systemRandom,
    observer: silentObserver,
    commitPauseMs: 1,
  };
}

/** A backup in the store, made at a time and without a catalogue. */
export async function putBackup(
  store: ObjectStore,
  at: Date,
  changes: Partial<BackupRequest> = {},
  dumped: Partial<DumpDoubleOptions> = {},
): Promise<BackupJson> {
  const target = changes.target ?? 'clinic';
  const clock = { now: () => at, monotonicMs: () => systemClock.monotonicMs() };
  const request = backupRequest({ backupId: newBackupId(target, at, systemRandom), ...changes });
  return (await runBackup({ ...backupDeps(store, dumped), clock }, request, noAbort)).backup;
}

/** Every object of a store but its identity, and its open uploads. */
export async function storeContents(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) if (key !== 'hazina.json') keys.push(key);
  for await (const { key } of store.listUploads('')) keys.push(`upload of ${key}`);
  return keys.sort();
}
