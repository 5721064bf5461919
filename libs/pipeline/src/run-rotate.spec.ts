import { beforeEach, describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { AppError, Secret, systemClock, systemRandom, type BackupJson } from '#contracts';
import { generateKey, generateRecipient, inspectHeader, KeyRing, parseKey, type OperatorKey } from '#crypto';
import { createMemoryStore, type ObjectStore, type PutBytesOptions } from '#storage';
import { backupDeps, noAbort, putBackup, storeContents, testRing } from '../../../test/support/backup-world.js';
import { kmsArn, KmsDouble } from '../../../test/support/kms-double.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { removeBackup } from './delete/remove-backup.js';
import { proveBackup } from './objects/prove-backup.js';
import type { RotateDeps, RotationReport } from './rotate/rotate-types.js';
import { runRotate } from './run-rotate.js';

const newKey = () => parseKey(generateKey(systemRandom), 'KEY').key;
const [oldKey] = testRing.current as [OperatorKey];
const [nextKey, thirdKey] = [newKey(), newKey()];
const ringOf = (current: OperatorKey, ...retired: OperatorKey[]) => new KeyRing({ current: [current], retired });
const both = ringOf(nextKey, oldKey);
const recipient = parseKey(new Secret(generateRecipient(systemRandom).publicKey), 'RECIPIENT').key;

let store: ObjectStore;
let backups: BackupJson[];
beforeEach(async () => {
  store = createMemoryStore();
  backups = [];
  for (const day of [20, 21, 22]) backups.push(await putBackup(store, new Date(`2026-11-${day}T02:00:00.000Z`)));
});

const rotate = (
  ring: KeyRing = both,
  { dryRun = false, on = store, ...deps }: Partial<RotateDeps> & { dryRun?: boolean; on?: ObjectStore } = {},
): Promise<RotationReport> =>
  runRotate({ store: on, ring, clock: systemClock, random: systemRandom, ...deps }, { target: null, dryRun }, noAbort);
const outcomes = ({ results }: RotationReport) => results.map(({ outcome }) => outcome);
const keyOf = (backup: BackupJson, name: string) => `clinic/${backup.backupId}/1/${name}`;
const keyOfCommit = ({ backupId }: BackupJson) => `clinic/${backupId}/backup.json`;
const at = (index: number): BackupJson => {
  const backup = backups[index];
  if (backup === undefined) throw new Error('there is no such backup');
  return backup;
};
const slotsAt = async (key: string) =>
  inspectHeader(await buffer(await store.get(key))).slots.map(({ keyId }) => keyId);
/** Throws when a backup does not open; its warnings. */
const open = async (ring: KeyRing, which = backups) =>
  (await Promise.all(which.map(({ backupId }) => proveBackup({ store, ring }, backupId, noAbort)))).flatMap(
    ({ warnings }) => warnings,
  );
const sidecars = async () => (await storeContents(store)).filter((key) => key.endsWith('header.hzn'));
/** The store, with what happens before each write of a sidecar. */
const watched = (before: (key: string, bytes: Uint8Array) => Promise<void> | void) =>
  replaceCalls(store, {
    putBytes: async (key: string, bytes: Uint8Array, options?: PutBytesOptions) => {
      if (key.endsWith('header.hzn')) await before(key, bytes);
      return store.putBytes(key, bytes, options);
    },
  });

describe('a rotation', () => {
  it('makes every backup open with the new key alone, without a word, and finds nothing to do afterwards', async () => {
    const report = await rotate();
    const keyIds = await both.currentKeyIds('0'.repeat(32));
    expect(report).toMatchObject({ dryRun: false, keyIds });
    expect(report.results).toEqual(
      backups.toReversed().map(({ backupId, keyIds: before }) => ({
        ...{ backupId, outcome: 'rotated', before, after: keyIds, warnings: [], error: null },
      })),
    );
    expect(await open(ringOf(nextKey))).toEqual([]);
    const writes: string[] = [];
    expect(outcomes(await rotate(both, { on: watched((key) => void writes.push(key)) }))).toEqual(
      backups.map(() => 'current'),
    );
    expect(writes).toEqual([]);
  });

  it('takes the old slot away only after the new one was read back: two writes an object, the first with both', async () => {
    const written = new Map<string, number[]>();
    const calls: string[] = [];
    const watching = replaceCalls(
      watched(async (key, bytes) => {
        written.set(key, [...(written.get(key) ?? []), inspectHeader(bytes).slots.length]);
        calls.push(`put ${key}`);
        await open(both);
      }),
      {
        get: async (...args: Parameters<ObjectStore['get']>) => {
          calls.push(`get ${args[0]}`);
          return store.get(...args);
        },
      },
    );
    await rotate(both, { on: watching });
    expect([...written.values()]).toEqual(Array.from({ length: 6 }, () => [2, 1]));
    for (const key of written.keys())
      expect(calls.filter((call) => call.endsWith(key)).map((call) => call.slice(0, 3))).toEqual([
        'put', // both slots
        'get', // read back, opened with the new key alone
        'put', // the old one goes
        'get', // and that is read back too
      ]);
  });

  it('goes from sidecar to sidecar, and back to the first key', async () => {
    await rotate();
    expect(outcomes(await rotate(ringOf(thirdKey, nextKey)))).toEqual(backups.map(() => 'rotated'));
    expect(await open(ringOf(thirdKey))).toEqual([]);
    await rotate(ringOf(oldKey, thirdKey));
    expect(await open(ringOf(oldKey))).toEqual([]);
    for (const key of await sidecars()) expect(await slotsAt(key)).toEqual(at(0).keyIds);
  });

  it('to a passphrase, and from it', async () => {
    const phrase = parseKey(new Secret('pass:twelve letters'), 'KEY').key;
    await rotate(ringOf(phrase, oldKey), { scryptCost: 16_384 });
    expect(await open(ringOf(phrase))).toEqual([]);
    expect(outcomes(await rotate(ringOf(phrase), { scryptCost: 16_384 }))).toEqual(backups.map(() => 'current'));
    await rotate(ringOf(nextKey, phrase));
    expect(await open(ringOf(nextKey))).toEqual([]);
  });

  it('tells the catalogue which keys open a backup now, also what an interrupted run had not told', async () => {
    const told = new Map<string, readonly string[]>();
    const held = new Set<string>();
    const writes: boolean[] = [];
    const catalog = {
      requireStore: () => Promise.resolve(),
      keysOf: (backupId: string, keyIds: readonly string[]) => Promise.resolve(void told.set(backupId, keyIds)),
      hold: async <T>(
        backupId: string,
        kind: string,
        act: (held: { readonly signal: AbortSignal; readonly record: null }) => Promise<T>,
        signal: AbortSignal,
      ): Promise<T> => {
        held.add(`${kind} ${backupId}`);
        const result = await act({ signal, record: null });
        held.delete(`${kind} ${backupId}`);
        return result;
      },
    };
    await rotate(ringOf(thirdKey, oldKey), {
      catalog,
      on: watched((key) => void writes.push(held.has(`rotation ${key.split('/')[1] ?? ''}`))),
    });
    // Each sidecar is written under a use of its backup.
    expect([writes.length, writes.includes(false), held.size]).toEqual([12, false, 0]);
    expect([...told.keys()].sort()).toEqual(backups.map(({ backupId }) => backupId));
    told.clear();
    await rotate(ringOf(nextKey, thirdKey));
    const { keyIds } = await rotate(both, { catalog });
    expect([...told]).toEqual(expect.arrayContaining(backups.map(({ backupId }) => [backupId, keyIds])));
    const other = new AppError({ code: 'store/changed', stage: 'store', message: 'another store' });
    const refusing = { ...catalog, requireStore: () => Promise.reject(other) };
    await expect(rotate(ringOf(thirdKey, nextKey), { catalog: refusing })).rejects.toBe(other);
    expect(await open(ringOf(nextKey))).toEqual([]);
  });

  it('in a dry run opens everything, says what would be done, and writes nothing', async () => {
    const before = await storeContents(store);
    expect(outcomes(await rotate(both, { dryRun: true }))).toEqual(backups.map(() => 'would-rotate'));
    expect(await storeContents(store)).toEqual(before);
    const { results } = await rotate(ringOf(nextKey), { dryRun: true });
    expect(results).toMatchObject(backups.map(() => ({ outcome: 'failed', error: { code: 'container/no-key' } })));
  });
});

describe('a rotation that is broken off', () => {
  it('at any call to the store leaves every backup readable, and the next one goes on from there', async () => {
    const methods = ['putBytes', 'get', 'getBytes', 'head'] as const;
    backups = [at(0)];
    const pristine = new Map<string, Buffer>();
    for await (const { key } of store.list(''))
      if (!key.startsWith('clinic/') || key.includes(at(0).backupId))
        pristine.set(key, await buffer(await store.get(key)));
    for (const lost of [false, true]) {
      for (let limit = 0; ; limit += 1) {
        store = createMemoryStore();
        for (const [key, bytes] of pristine) await store.putBytes(key, bytes);
        let calls = 0;
        const dying = replaceCalls(
          store,
          Object.fromEntries(
            methods.map((method) => [
              method,
              async (...args: unknown[]) => {
                calls += 1;
                const call = Reflect.get(store, method) as (...given: unknown[]) => Promise<unknown>;
                // The process is dead: what it had sent may have arrived.
                if (calls > limit) {
                  if (calls === limit + 1 && lost && method === 'putBytes') await call.apply(store, args);
                  throw new AppError({ code: 'store/unreachable', stage: 'store', message: 'killed' });
                }
                return call.apply(store, args);
              },
            ]),
          ),
        );
        const ended = await rotate(both, { on: dying }).then(outcomes, () => ['died']);
        await open(both);
        expect(outcomes(await rotate())).toEqual([ended[0] === 'rotated' ? 'current' : expect.any(String)]);
        expect(await open(ringOf(nextKey))).toEqual([]);
        if (ended[0] === 'rotated') break;
        expect(limit).toBeLessThan(100);
      }
    }
  });

  it('goes on after a failure, and says of each what became of it', async () => {
    await store.putBytes(`clinic/${at(0).backupId}/backup.json`, Buffer.from('{'));
    await store.delete(keyOf(at(1), 'manifest.hzn'));
    const { results } = await rotate();
    expect(results).toMatchObject([
      { backupId: at(2).backupId, outcome: 'rotated' },
      { backupId: at(1).backupId, outcome: 'failed', error: { code: 'backup/missing' } },
      { backupId: at(0).backupId, outcome: 'failed', error: { code: 'backup/damaged' } },
    ]);
    expect(await open(ringOf(nextKey), [at(2)])).toEqual([]);
  });

  it('by a store that is away ends soon, and says what was not tried', async () => {
    for (let hour = 0; hour < 24; hour += 1)
      backups.push(await putBackup(store, new Date(Date.UTC(2026, 10, 10, hour))));
    const away = replaceCalls(store, {
      head: (key: string) =>
        key.endsWith('.hzn')
          ? Promise.reject(new AppError({ code: 'store/unreachable', stage: 'store', message: 'away' }))
          : store.head(key),
    });
    const found = outcomes(await rotate(both, { on: away }));
    expect(found).toHaveLength(27);
    expect(found.filter((outcome) => outcome === 'failed').length).toBeLessThan(27);
    expect(found).toContain('skipped');
    expect(await sidecars()).toEqual([]);
  });

  it('by a KMS that does not answer ends soon, too', async () => {
    for (let hour = 0; hour < 24; hour += 1)
      backups.push(await putBackup(store, new Date(Date.UTC(2026, 10, 10, hour))));
    const kms = new KmsDouble();
    kms.fail('keys/kms-throttled');
    const inKms = parseKey(new Secret(`aws-kms:${kmsArn(1)}`), 'KEY').key;
    const ring = new KeyRing({ current: [inKms], retired: [oldKey] }, undefined, kms);
    const found = outcomes(await rotate(ring));
    expect(found).toHaveLength(27);
    expect(found.filter((outcome) => outcome === 'failed').length).toBeLessThan(27);
    expect(found).toContain('skipped');
    expect(await sidecars()).toEqual([]);
  });

  it('by a wish to cancel ends with run/cancelled', async () => {
    const abort = new AbortController();
    const deps = { store: watched(() => abort.abort()), ring: both, clock: systemClock, random: systemRandom };
    await expect(runRotate(deps, { target: null, dryRun: false }, abort.signal)).rejects.toMatchObject({
      code: 'run/cancelled',
    });
    await open(both);
  });
});

describe('a rotation beside others', () => {
  it('of two to different keys at once both end, and every backup opens with one of them', async () => {
    const rings = [both, ringOf(thirdKey, oldKey)];
    await Promise.allSettled(rings.map((ring) => rotate(ring)));
    await open(both);
    await open(ringOf(thirdKey, oldKey));
    expect(outcomes(await rotate(ringOf(nextKey, oldKey, thirdKey)))).toHaveLength(3);
    expect(await open(ringOf(nextKey))).toEqual([]);
  });

  it.each([
    ['alone', []],
    ['and a recipient who has the new one beside him', [recipient]],
  ])(
    'by a worker that was left with the old key %s changes nothing of what opens with the new one',
    async (_with, recipients) => {
      await rotate(new KeyRing({ current: [nextKey, ...recipients], retired: [oldKey] }));
      const before = await storeContents(store);
      const writes: string[] = [];
      const left = new KeyRing({ current: [oldKey, ...recipients], retired: [] });
      const report = await rotate(left, { on: watched((key) => void writes.push(key)) });
      expect(outcomes(report)).toEqual(backups.map(() => 'failed'));
      expect(report.results[0]?.error).toMatchObject({ code: 'container/no-key' });
      expect(writes).toEqual([]);
      expect(await storeContents(store)).toEqual(before);
      expect(await open(ringOf(nextKey))).toEqual([]);
    },
  );

  it('leaves no sidecar beside a backup that is deleted meanwhile', async () => {
    const deleting = watched(async (key) => {
      if (key.includes(at(1).backupId)) await removeBackup(store, at(1).backupId, noAbort);
    });
    const { results } = await rotate(both, { on: deleting });
    expect(results.map(({ outcome }) => outcome)).toEqual(['rotated', 'gone', 'rotated']);
    expect((await storeContents(store)).filter((key) => key.includes(at(1).backupId))).toEqual([]);
  });
});

describe('what stands without its backup.json', () => {
  it.each(['before its first', 'after its second'] as const)(
    'opens afterwards as it did: no sidecar is taken from beside data, lost %s write',
    async (when) => {
      let writes = 0;
      const losing = watched(async (key) => {
        if (!key.includes(at(1).backupId)) return;
        writes += 1;
        if (writes === (when === 'before its first' ? 1 : 2)) await store.delete(keyOfCommit(at(1)));
      });
      const text = (await store.getBytes(keyOfCommit(at(1)), 1_000_000)).bytes;
      await rotate(both, { on: losing });
      // What catalog sync --adopt or a person with the bytes does.
      await store.putBytes(keyOfCommit(at(1)), text);
      await open(both, [at(1)]);
    },
  );

  it('keeps the only sidecar that its key opens', async () => {
    await rotate();
    const text = (await store.getBytes(keyOfCommit(at(1)), 1_000_000)).bytes;
    const losing = watched(async (key) => {
      if (key.includes(at(1).backupId)) await store.delete(keyOfCommit(at(1)));
    });
    const { results } = await rotate(ringOf(thirdKey, nextKey), { on: losing });
    expect(results[1]).toMatchObject({ outcome: 'gone' });
    // Data come first: the manifest was not begun.
    expect(await slotsAt(keyOf(at(1), 'header.hzn'))).toHaveLength(2);
    expect(await slotsAt(keyOf(at(1), 'manifest.header.hzn'))).toHaveLength(1);
    await store.putBytes(keyOfCommit(at(1)), text);
    await open(ringOf(nextKey), [at(1)]);
  });
});

describe('a store without hazina.json', () => {
  it('and without backups is no store where every backup opens: nothing is written to it', async () => {
    const empty = createMemoryStore();
    for (const dryRun of [true, false])
      await expect(rotate(both, { on: empty, dryRun })).rejects.toMatchObject({ code: 'store/changed' });
    expect(await empty.head('hazina.json')).toBeNull();
  });

  it('gets none by a rotation: to a passphrase, which it names, there is none then', async () => {
    await store.delete('hazina.json');
    const phrase = ringOf(parseKey(new Secret('pass:twelve letters'), 'KEY').key, oldKey);
    const before = await storeContents(store);
    await expect(rotate(phrase, { scryptCost: 16_384 })).rejects.toMatchObject({ code: 'store/changed' });
    expect(await storeContents(store)).toEqual(before);
    expect(outcomes(await rotate())).toEqual(backups.map(() => 'rotated'));
    expect(await open(ringOf(nextKey))).toEqual([]);
    expect(await store.head('hazina.json')).toBeNull();
  });
});

describe('what is damaged already', () => {
  it('a sidecar is replaced when the header in the file opens, and this is told', async () => {
    await rotate();
    await store.putBytes(keyOf(at(0), 'header.hzn'), Buffer.alloc(5000));
    const { results } = await rotate();
    expect(results).toMatchObject([
      { outcome: 'current' },
      { outcome: 'current' },
      { outcome: 'rotated', warnings: [expect.stringContaining('The header sidecar was not used')] },
    ]);
    expect(await open(ringOf(nextKey))).toEqual([]);
    await store.putBytes(keyOf(at(0), 'header.hzn'), Buffer.alloc(0));
    const without = await rotate(ringOf(nextKey));
    expect(without.results).toMatchObject([{}, {}, { outcome: 'failed', error: { code: 'container/bad-header' } }]);
  });

  it('a header in the file is no hindrance while its sidecar opens', async () => {
    await rotate();
    const key = keyOf(at(2), 'data.hzn');
    const bytes = await buffer(await store.get(key));
    await store.putBytes(key, bytes.fill(0, 0, 4096));
    const { results } = await rotate(ringOf(thirdKey, nextKey));
    expect(results).toMatchObject(backups.map(() => ({ outcome: 'rotated' })));
    expect(await open(ringOf(thirdKey))).toEqual([expect.stringContaining('the sidecar was used')]);
  });

  it('no key to go to is a defect of the caller', async () => {
    const none = new KeyRing({ current: [], retired: [oldKey] });
    await expect(rotate(none)).rejects.toThrow('without a current key');
    expect(backupDeps(store).ring).toBe(testRing);
  });
});
