import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { runBackup, silentObserver, type BackupRequest } from '#pipeline';
import { createStore, type ObjectStore } from '#storage';
import { waitUntil } from '../services/wait-until.js';
import { backupDeps, backupRequest, noAbort } from '../support/backup-world.js';
import { repeatedArchive } from '../support/generated-archive.js';
import { MovedClock } from '../support/moved-clock.js';
import { s3World, smallParts } from '../support/s3-world.js';

// What a throttle lets through, measured where it counts: on the wire to a real S3 server, on the disk, and at the source. Bytes are compared with the time that
// the run's own clock has granted, and only the test moves that clock: a slow machine changes nothing.

const mebibyte = 1024 * 1024;
const archive = repeatedArchive(24 * mebibyte);
const rate = 64 * mebibyte;
/** What passes before a debt is felt: one piece of the source, and what sealing makes of it. */
const pieceBytes = 2 * mebibyte;

/** Tells how often it was asked: who waits for time asks again and again. */
class AskedClock extends MovedClock {
  asked = 0;

  override monotonicMs(): number {
    this.asked += 1;
    return super.monotonicMs();
  }

  get grantedBytes(): number {
    return (rate / 1000) * super.monotonicMs();
  }
}

interface Place {
  readonly store: ObjectStore;
  /** Bytes that have arrived. */
  readonly arrived: () => number;
}

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const places: readonly (readonly [string, () => Promise<Place>])[] = [
  [
    'a bucket',
    async () => {
      const world = await s3World();
      closing.push(() => world.close());
      const store = await world.open({ uploadConcurrency: 4 });
      const parts = () => world.proxy.requests.filter(({ operation }) => operation === 'UploadPart').length;
      // A part is sent when all of it is there; the last one is smaller.
      return { store, arrived: () => Math.min(parts() * smallParts, archive.bytes) };
    },
  ],
  [
    'a directory',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'throttle-'));
      closing.push(() => rmSync(directory, { recursive: true, force: true }));
      const store = await createStore({ kind: 'directory', directory });
      closing.unshift(() => store.close());
      const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      const files = () => readdirSync(directory, { recursive: true, encoding: 'utf8' });
      const arrived = () =>
        files()
          .filter((name) => name.includes('data.hzn'))
          .reduce((sum, name) => sum + sizeOf(join(directory, name)), 0);
      return { store, arrived };
    },
  ],
];

/** Runs a backup while the clock goes in small steps, one each time that somebody has waited for it; tells what had passed before each. */
async function watch({ store, arrived }: Place, changes: Partial<BackupRequest>) {
  const clock = new AskedClock('2026-11-26T10:00:00.000Z');
  let readBytes = 0;
  const observer = {
    ...silentObserver,
    progress: ({ archiveBytes = 0 }: { archiveBytes?: number }) => void (readBytes = archiveBytes),
  };
  const deps = { ...backupDeps(store, { archive, estimatedBytes: archive.bytes }), clock, observer };
  const state = { hasEnded: false };
  const run = runBackup(deps, backupRequest({ compression: { codec: 'none', level: undefined }, ...changes }), noAbort);
  const ended = run.finally(() => (state.hasEnded = true));
  ended.catch(() => undefined);
  const steps: { readonly granted: number; readonly arrived: number; readonly read: number }[] = [];
  for (;;) {
    const { asked } = clock;
    await waitUntil(() => state.hasEnded || clock.asked > asked + 1, {
      ...{ what: 'a throttle that waits for the clock', timeoutMs: 25_000, intervalMs: 2 },
    });
    if (state.hasEnded) break;
    steps.push({ granted: clock.grantedBytes, arrived: arrived(), read: readBytes });
    clock.pass(20);
  }
  const { backup } = await ended;
  return { steps, granted: clock.grantedBytes, backup, arrived: arrived() };
}

describe.each(places)('a backup in %s', (_name, open) => {
  it('arrives no faster than the store’s throttle lets it, and not much slower', async () => {
    const { steps, granted, backup, arrived } = await watch(await open(), { storeThrottleBytesPerSecond: rate });
    expect(steps.length).toBeGreaterThan(10);
    for (const step of steps) expect(step.arrived).toBeLessThanOrEqual(step.granted + pieceBytes);
    // In the middle it was under way: not all at the end.
    expect(steps.some(({ arrived: some }) => some > 0 && some < archive.bytes / 2)).toBe(true);
    expect(arrived).toBeGreaterThanOrEqual(archive.bytes);
    expect(backup.objects.data.bytes).toBeLessThanOrEqual(granted + pieceBytes);
    // What waits is the clock that nobody moved between two looks: a few steps of 20 ms.
    expect(granted).toBeLessThan(backup.objects.data.bytes * 1.5);
  });

  it('is read from the source no faster than its throttle lets it', async () => {
    const { steps, granted, backup } = await watch(await open(), { throttleBytesPerSecond: rate });
    expect(steps.length).toBeGreaterThan(10);
    for (const step of steps) expect(step.read).toBeLessThanOrEqual(step.granted + pieceBytes);
    expect(steps.some(({ read }) => read > archive.bytes / 4 && read < archive.bytes / 2)).toBe(true);
    expect(backup.totals.archiveBytes).toBe(archive.bytes);
    expect(backup.totals.archiveBytes).toBeLessThanOrEqual(granted + pieceBytes);
  });

  it('needs no time of the clock without a throttle', async () => {
    const { store, arrived } = await open();
    const clock = new AskedClock('2026-11-26T10:00:00.000Z');
    const request = backupRequest({ compression: { codec: 'none', level: undefined } });
    const { backup } = await runBackup({ ...backupDeps(store, { archive }), clock }, request, noAbort);
    expect({ granted: clock.grantedBytes, arrived: arrived() >= archive.bytes }).toEqual({ granted: 0, arrived: true });
    expect(backup.totals.archiveBytes).toBe(archive.bytes);
  });
});
