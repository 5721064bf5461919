import { beforeEach, describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { AppError, systemRandom, type BackupJson } from '#contracts';
import { generateKey, KeyRing, parseKey, rewrapHeader, type NamedKey } from '#crypto';
import { createMemoryStore, DelegatingStore, type ByteRange, type ObjectStore } from '#storage';
import { noAbort, putBackup, testRing } from '../../../test/support/backup-world.js';
import { checkKeys } from './check-keys.js';
import { failureOfKeys, judgeKeys, keyFindings, keyProofFindings } from './judge-keys.js';

const otherRing = new KeyRing({ current: [parseKey(generateKey(systemRandom), 'OTHER').key], retired: [] });
const day = (number: number): Date => new Date(Date.UTC(2026, 10, number));

let store: ObjectStore;
let old: BackupJson;
let newest: BackupJson;
const key = (name: 'data' | 'manifest'): string => `clinic/${old.backupId}/${old.objects[name].key}`;
const check = (ring = testRing, target?: string) => checkKeys({ store, ring }, { target, concurrency: 2 }, noAbort);
const outcome = async (ring = testRing) =>
  Object.fromEntries((await check(ring)).map(({ backupId, error }) => [backupId, error?.code ?? 'opens']));

async function edit(at: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await buffer(await store.get(at));
  change(bytes);
  await store.putBytes(at, bytes);
}

beforeEach(async () => {
  store = createMemoryStore();
  old = await putBackup(store, day(1));
  newest = await putBackup(store, day(2));
});

describe('checkKeys', () => {
  it('opens every backup, newest first, and tells as it goes', async () => {
    const told: [string, number][] = [];
    const proofs = await checkKeys({ store, ring: testRing }, {}, noAbort, ({ backupId }, count) =>
      told.push([backupId, count]),
    );
    expect(proofs.map(({ backupId, error }) => [backupId, error])).toEqual([
      [newest.backupId, null],
      [old.backupId, null],
    ]);
    expect(told).toEqual([
      [newest.backupId, 2],
      [old.backupId, 2],
    ]);
    expect(judgeKeys(proofs)).toMatchObject({ backups: 2, opened: 2, uses: { [String(old.keyIds[0])]: 2 } });
    expect(failureOfKeys(proofs)).toBeUndefined();
  });

  it('reads headers only', async () => {
    const ranges: (ByteRange | undefined)[] = [];
    class Watched extends DelegatingStore {
      override get(at: string, range?: ByteRange, signal?: AbortSignal): ReturnType<ObjectStore['get']> {
        ranges.push(range);
        return super.get(at, range, signal);
      }
    }
    await checkKeys({ store: new Watched(store), ring: testRing }, {}, noAbort);
    expect(ranges).toHaveLength(4);
    for (const range of ranges) expect(range?.end ?? Infinity).toBeLessThanOrEqual(4096);
  });

  it('of data that lies in a cold class the manifest is the proof', async () => {
    class Cold extends DelegatingStore {
      override get(at: string, range?: ByteRange, signal?: AbortSignal): ReturnType<ObjectStore['get']> {
        if (!at.endsWith(`${old.backupId}/1/data.hzn`)) return super.get(at, range, signal);
        return Promise.reject(new AppError({ code: 'store/cold', stage: 'store', message: 'it lies in GLACIER' }));
      }
    }
    const proofs = await checkKeys({ store: new Cold(store), ring: testRing }, {}, noAbort);
    expect(judgeKeys(proofs)).toMatchObject({ opened: 2, damaged: [] });
    expect(proofs.flatMap(({ warnings }) => warnings)).toEqual([expect.stringContaining('by its manifest alone')]);
  });

  it('another key opens none: each says which it was sealed with', async () => {
    expect(await outcome(otherRing)).toEqual({
      [newest.backupId]: 'container/no-key',
      [old.backupId]: 'container/no-key',
    });
    const error = failureOfKeys(await check(otherRing));
    expect(error).toMatchObject({ code: 'container/no-key', hint: expect.stringContaining('RETIRED') });
    expect(error?.message).toContain('2 of 2 backups do not open');
    expect(error?.message).toContain(old.keyIds[0]);
  });

  it('a rotated backup opens by its sidecars, with the new key alone', async () => {
    for (const [name, sidecar] of [['data', 'header.hzn'] as const, ['manifest', 'manifest.header.hzn'] as const]) {
      const options = { from: testRing, to: otherRing, kdfSalt: '00'.repeat(16), random: systemRandom };
      const bytes = await rewrapHeader(await buffer(await store.get(key(name))), options);
      await store.putBytes(`clinic/${old.backupId}/1/${sidecar}`, bytes);
    }
    expect(await outcome(otherRing)).toEqual({ [newest.backupId]: 'container/no-key', [old.backupId]: 'opens' });
    const { closed, uses } = judgeKeys(await check(otherRing));
    expect(closed).toEqual([newest.backupId]);
    expect(Object.values(uses)).toEqual([1, 1]);
  });

  it.each([
    ['a header that was edited', () => edit(key('manifest'), (bytes) => bytes.fill(0x20, 40, 60)), 'container/'],
    ['its MAC damaged', () => edit(key('data'), (bytes) => bytes.fill(0, 4064, 4096)), 'container/bad-header'],
    ['data that is gone', () => store.delete(key('data')), 'backup/missing'],
    ['data that was cut', () => store.putBytes(key('data'), Buffer.alloc(5000)), 'backup/mismatch'],
    [
      "another backup's data",
      async () =>
        store.putBytes(
          key('data'),
          await buffer(await store.get(`clinic/${newest.backupId}/${newest.objects.data.key}`)),
        ),
      'backup/mismatch',
    ],
  ])('%s is found, and the look goes on', async (_what, damage, code) => {
    await damage();
    const found = await outcome();
    expect(found[newest.backupId]).toBe('opens');
    expect(found[old.backupId]).toContain(code);
    expect(judgeKeys(await check())).toMatchObject({ damaged: [old.backupId], closed: [] });
  });

  it('a backup.json that cannot be read is a damaged backup', async () => {
    await edit(`clinic/${old.backupId}/backup.json`, (bytes) => bytes.fill(0x20, 0, 10));
    expect(await outcome()).toEqual({ [newest.backupId]: 'opens', [old.backupId]: 'backup/damaged' });
  });

  it('a backup that is removed meanwhile is left out', async () => {
    class Removing extends DelegatingStore {
      override async head(at: string, signal?: AbortSignal): ReturnType<ObjectStore['head']> {
        if (at.includes(old.backupId))
          for await (const entry of store.list(`clinic/${old.backupId}/`)) await store.delete(entry.key);
        return super.head(at, signal);
      }
    }
    const proofs = await checkKeys({ store: new Removing(store), ring: testRing }, {}, noAbort);
    expect(proofs.map(({ backupId }) => backupId)).toEqual([newest.backupId]);
  });

  it('a store that cannot be reached any more ends it, and so does Ctrl-C', async () => {
    const away = new AppError({ code: 'store/unreachable', stage: 'store', message: 'away', retry: 'retry' });
    class Away extends DelegatingStore {
      override head(): ReturnType<ObjectStore['head']> {
        return Promise.reject(away);
      }
    }
    await expect(checkKeys({ store: new Away(store), ring: testRing }, {}, noAbort)).rejects.toBe(away);
    await expect(checkKeys({ store, ring: testRing }, {}, AbortSignal.abort())).rejects.toMatchObject({
      code: 'run/cancelled',
    });
  });

  it('looks at one target alone', async () => {
    const shop = await putBackup(store, day(3), { target: 'shop' });
    expect((await check(testRing, 'shop')).map(({ backupId }) => backupId)).toEqual([shop.backupId]);
    expect(await check()).toHaveLength(3);
  });
});

describe('findings on keys', () => {
  const named = (changes: Partial<NamedKey>): NamedKey => ({
    ...{ keyId: '0f3c0f3c0f3c0f3c', form: 'hex', state: 'active', variable: 'BACKUP_ENCRYPTION_KEY' },
    ...changes,
  });
  const retired = named({
    keyId: 'aaaaaaaaaaaaaaaa',
    state: 'retired',
    variable: 'BACKUP_ENCRYPTION_KEYS_RETIRED, line 1',
  });

  it('no key is an error, a passphrase or a key twice a doubt', () => {
    expect(keyFindings([])).toMatchObject([{ status: 'error', code: 'keys/none-set' }]);
    expect(keyFindings([retired])).toMatchObject([
      { status: 'error', detail: expect.stringContaining('Only retired') },
    ]);
    expect(keyFindings([named({ form: 'passphrase' })])).toMatchObject([{ status: 'warning' }]);
    expect(keyFindings([named({}), named({ variable: 'X' })])).toMatchObject([{ hint: 'Take it out of X' }]);
    expect(keyFindings([named({}), retired])).toEqual([
      {
        ...{ name: 'keys', status: 'ok', hint: null, code: null },
        detail: '0f3c0f3c0f3c0f3c (hex, active), aaaaaaaaaaaaaaaa (hex, retired)',
      },
    ]);
  });

  it('tells whether all open, a part was looked at, or one is closed; and which retired key nobody needs', async () => {
    const proofs = await check();
    const ours = named({ keyId: String(old.keyIds[0]) });
    expect(keyProofFindings(proofs, [ours, retired], 2)).toMatchObject([
      {
        status: 'ok',
        detail: expect.stringContaining('no backup kept in this store needs the retired key aaaaaaaaaaaaaaaa'),
      },
    ]);
    expect(keyProofFindings(proofs, [ours], 9)).toMatchObject([
      { status: 'warning', detail: expect.stringContaining('2 of 9') },
    ]);
    expect(keyProofFindings([], [ours], 0)).toMatchObject([{ status: 'skipped' }]);
    expect(keyProofFindings(await check(otherRing), [ours], 2)).toMatchObject([
      { status: 'error', code: 'container/no-key' },
    ]);
  });
});
