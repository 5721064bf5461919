import { beforeEach, describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { AppError, systemClock, systemRandom, type BackupJson } from '#contracts';
import { generateKey, KeyRing, parseKey, type OperatorKey } from '#crypto';
import { createMemoryStore, type ObjectStore } from '#storage';
import { noAbort, putBackup, storeContents, testRing } from '../../../test/support/backup-world.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { removeBackup } from './delete/remove-backup.js';
import { requireBackupJson } from './objects/backup-json-file.js';
import { proveBackup } from './objects/prove-backup.js';
import { runCopy } from './run-copy.js';
import { rotatePlaces, type PlacedRotation, type PlacesReport } from './rotate-places.js';
import type { PlacesCatalog } from './rotate/rotate-types.js';

const newKey = () => parseKey(generateKey(systemRandom), 'KEY').key;
const [oldKey] = testRing.current as [OperatorKey];
const nextKey = newKey();
const both = new KeyRing({ current: [nextKey], retired: [oldKey] });
const alone = new KeyRing({ current: [nextKey], retired: [] });

let primary: ObjectStore;
let vault: ObjectStore;
let away: ObjectStore;
let kept: BackupJson;
let goneHere: BackupJson;

beforeEach(async () => {
  [primary, vault] = [createMemoryStore(), createMemoryStore()];
  kept = await putBackup(primary, new Date('2026-11-20T02:00:00.000Z'));
  goneHere = await putBackup(primary, new Date('2026-11-19T02:00:00.000Z'));
  for (const key of await storeContents(primary)) await vault.putBytes(key, await buffer(await primary.get(key)));
  await removeBackup(primary, goneHere.backupId, noAbort);
  const unreachable = new AppError({ code: 'store/unreachable', stage: 'keys', message: 'The store is away' });
  away = replaceCalls(createMemoryStore(), {
    listFolders: async function* () {
      yield* await Promise.reject<never[]>(unreachable);
    },
  });
});

const untouched: PlacesCatalog = {
  requireStore: () => Promise.resolve(),
  keysOf: () => Promise.resolve(),
  hold: (_backupId, _kind, act, signal) => act({ signal, record: null }),
  standsAlone: () => Promise.resolve(false),
  holdCopy: () => Promise.reject(new Error('nothing stands alone')),
};

function rotate(
  places: Record<string, ObjectStore>,
  rewrite = false,
  told: PlacedRotation[] = [],
  catalog?: PlacesCatalog,
  dryRun = false,
): Promise<PlacesReport> {
  return rotatePlaces(
    {
      ...{ store: primary, ring: both, clock: systemClock, random: systemRandom },
      onResult: (result) => told.push(result),
      ...(catalog === undefined ? {} : { catalog }),
    },
    Object.entries(places).map(([name, store]) => ({ name, store })),
    { target: null, dryRun, rewrite: rewrite ? { graceMs: 0 } : null },
    noAbort,
  );
}

describe('a rotation of a store and its destinations', () => {
  it('brings copies to the new key, and backups that stand in a destination alone', async () => {
    const told: PlacedRotation[] = [];
    const report = await rotate({ vault }, false, told);
    const lines = report.results.map(({ backupId, place, outcome }) => ({ backupId, place, outcome }));
    expect(lines).toEqual([
      { backupId: kept.backupId, place: null, outcome: 'rotated' },
      { backupId: kept.backupId, place: 'vault', outcome: 'rotated' },
      { backupId: goneHere.backupId, place: 'vault', outcome: 'rotated' },
    ]);
    expect(told).toHaveLength(3);
    expect(report).toMatchObject({ failed: [], reports: [] });
    await proveBackup({ store: primary, ring: alone }, kept.backupId, noAbort);
    for (const { backupId } of [kept, goneHere]) await proveBackup({ store: vault, ring: alone }, backupId, noAbort);
    expect((await rotate({ vault })).results.map(({ outcome }) => outcome)).toEqual(['current', 'current', 'current']);
  });

  it('goes on after a destination that cannot be reached, and names it', async () => {
    const report = await rotate({ away, vault });
    expect(report.failed).toMatchObject([{ place: 'away', error: { code: 'store/unreachable' } }]);
    expect(report.results.filter(({ place }) => place === 'vault')).toHaveLength(2);
  });

  it('takes one that holds nothing at all for one that is not mounted', async () => {
    const { failed } = await rotate({ unmounted: createMemoryStore(), vault });
    expect(failed).toMatchObject([{ place: 'unmounted', error: { code: 'store/changed' } }]);
  });

  it('leaves cold copies to those who copy, and names cold ones that stand alone', async () => {
    const isCold = new AppError({ code: 'store/cold', stage: 'store', message: 'It lies cold' });
    const cold = replaceCalls(vault, {
      get: (...args: Parameters<ObjectStore['get']>) =>
        args[0].endsWith('data.hzn') ? Promise.reject(isCold) : vault.get(...args),
    });
    // Without a catalogue nobody would bring them anything.
    expect((await rotate({ cold })).results.filter(({ outcome }) => outcome === 'failed')).toHaveLength(2);
    const report = await rotate({ cold }, false, [], untouched);
    expect(report.cold).toBe(1);
    expect(report.results.map(({ backupId, place, outcome }) => [backupId, place, outcome])).toEqual([
      [kept.backupId, null, 'current'],
      [goneHere.backupId, 'cold', 'failed'],
    ]);
    expect(report.reports).toEqual([expect.stringContaining('1 of its copies lie cold')]);
    // Data come first: the manifest of what could not be rotated does not open with the new key alone either.
    await expect(proveBackup({ store: vault, ring: alone }, goneHere.backupId, noAbort)).rejects.toMatchObject({
      code: 'container/no-key',
    });
  });

  it('rotates what came home meanwhile', async () => {
    const late = replaceCalls(vault, {
      listFolders: (...args: Parameters<ObjectStore['listFolders']>) => {
        const move = async function* () {
          for (const key of await storeContents(vault))
            if (key.includes(goneHere.backupId)) await primary.putBytes(key, await buffer(await vault.get(key)));
          yield* vault.listFolders(...args);
        };
        return move();
      },
    });
    const { results } = await rotate({ late });
    expect(results.at(-1)).toMatchObject({ backupId: goneHere.backupId, place: null, outcome: 'rotated' });
    await proveBackup({ store: primary, ring: alone }, goneHere.backupId, noAbort);
  });

  /** Everything that stands alone is a copy of its own. */
  const ours = (standing: BackupJson[] = []): PlacesCatalog => ({
    ...untouched,
    standsAlone: () => Promise.resolve(true),
    holdCopy: async (_place, _backupId, act, signal) => {
      const { result, standing: backup } = await act(signal);
      standing.push(backup);
      return result;
    },
  });
  const reseal = (catalog: PlacesCatalog, dryRun = false) => rotate({ vault }, true, [], catalog, dryRun);
  const lines = ({ results }: PlacesReport) =>
    results.map(({ backupId, place, outcome }) => [backupId, place, outcome]);

  it('seals anew in a destination what that alone has, and keeps what stands there then; copies follow by themselves', async () => {
    const copy = (await storeContents(vault)).filter((key) => key.includes(kept.backupId));
    const standing: BackupJson[] = [];
    expect(lines(await reseal(ours(standing), true))).toContainEqual([goneHere.backupId, 'vault', 'would-rewrite']);
    expect(standing).toEqual([]);
    const report = await reseal(ours(standing));
    expect(lines(report)).toContainEqual([goneHere.backupId, 'vault', 'rewritten']);
    expect(lines(report).filter(([, place]) => place === 'vault')).toHaveLength(1);
    expect(report).toMatchObject({ reports: [], failed: [] });
    await proveBackup({ store: vault, ring: alone }, goneHere.backupId, noAbort);
    const now = await requireBackupJson(vault, goneHere.backupId, noAbort);
    expect(standing).toEqual([now]);
    expect(now.attempt).toBeGreaterThan(goneHere.attempt);
    expect(now).toMatchObject({ startedAt: goneHere.startedAt, completedAt: goneHere.completedAt });
    expect(now.objects.data.fileId).not.toBe(goneHere.objects.data.fileId);
    expect((await storeContents(vault)).filter((key) => key.includes(kept.backupId))).toEqual(copy);
    expect(lines(await reseal(ours()))).toContainEqual([goneHere.backupId, 'vault', 'current']);
  });

  it('without a catalogue names each copy that keeps its old data key, and how it follows, until it has', async () => {
    await removeBackup(vault, goneHere.backupId, noAbort);
    const hint = expect.stringContaining(`: hazina destinations copy ${kept.backupId} --to vault`) as unknown;
    for (const dryRun of [true, false, false])
      expect(await rotate({ vault }, true, [], undefined, dryRun)).toMatchObject({ behind: 1, reports: [hint] });
    // Where there is one, workers copy.
    expect(await rotate({ vault }, true, [], untouched)).toMatchObject({ behind: 0, reports: [] });
    await runCopy({ from: primary, to: vault }, { backupId: kept.backupId, thorough: true }, noAbort);
    await proveBackup({ store: vault, ring: alone }, kept.backupId, noAbort);
    expect(await rotate({ vault }, true)).toMatchObject({ behind: 0, reports: [] });
  });

  it('leaves what is to come home, what goes meanwhile, and all of it without a catalogue, and says so', async () => {
    const before = await storeContents(vault);
    for (const catalog of [untouched, undefined]) {
      const report = await rotate({ vault }, true, [], catalog);
      expect(lines(report).filter(([, place]) => place === 'vault')).toEqual([]);
      expect(report.reports[0]).toContain(`${goneHere.backupId} stands in vault alone`);
      expect(report.behind).toBe(catalog === undefined ? 1 : 0);
    }
    const gone = { ...ours(), holdCopy: () => Promise.resolve('gone' as const) };
    expect(lines(await reseal(gone))).toContainEqual([goneHere.backupId, 'vault', 'gone']);
    expect(await storeContents(vault)).toEqual(before);
  });
});
