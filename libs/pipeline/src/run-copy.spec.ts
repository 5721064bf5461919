import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { AppError, systemClock, type BackupJson, type Clock } from '#contracts';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, noAbort, putBackup, storeContents } from '../../../test/support/backup-world.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { silentObserver } from './deps.js';
import { paceOf } from './throttle.js';
import { runCopy, type CopyRequest } from './run-copy.js';
import { runVerify } from './run-verify.js';
import { writeMarks } from './write-marks.js';

const unreachable = new AppError({ code: 'store/unreachable', stage: 'store', retry: 'retry', message: 'away' });

async function world() {
  const from = createMemoryStore();
  const to = createMemoryStore();
  const backup = await putBackup(from, new Date());
  return { from, to, backup, key: (name: string) => `clinic/${backup.backupId}/${name}` };
}

const copy = (
  from: ObjectStore,
  to: ObjectStore,
  { backupId }: BackupJson,
  more: Partial<CopyRequest> = {},
): ReturnType<typeof runCopy> => runCopy({ from, to }, { backupId, thorough: false, ...more }, noAbort);
const bytesOf = async (store: ObjectStore, key: string) => buffer(await store.get(key));

/** Fails at the first write of a key that ends so. */
function failingAt(to: ObjectStore, end: string): ObjectStore {
  return replaceCalls(to, {
    put: (key, body, options) => {
      if (!key.endsWith(end)) return to.put(key, body, options);
      body.destroy();
      return Promise.reject(unreachable);
    },
    putBytes: (key, bytes, options) =>
      key.endsWith(end) ? Promise.reject(unreachable) : to.putBytes(key, bytes, options),
  });
}

/** Gives no bytes of keys that end so, as a cold storage class does. */
function coldAt(to: ObjectStore, end: string): ObjectStore {
  return replaceCalls(to, {
    head: async (key, signal) => {
      const head = await to.head(key, signal);
      return head === null || !key.endsWith(end)
        ? head
        : { ...head, cold: { storageClass: 'GLACIER', isComing: false } };
    },
    get: (key, options) =>
      key.endsWith(end)
        ? Promise.reject(new AppError({ code: 'store/cold', stage: 'store', message: 'cold' }))
        : to.get(key, options),
  });
}

describe('a copy', () => {
  it('has every byte of the backup, its marks and its sidecars, and verifies by itself', async () => {
    const { from, to, backup, key } = await world();
    await writeMarks(backupDeps(from), backup.backupId, { version: 1, pinned: true }, noAbort);
    await from.putBytes(key('1/header.hzn'), Buffer.from('sidecar'));
    expect(await copy(from, to, backup)).toMatchObject({ objects: 4 });
    expect(await storeContents(to)).toEqual(await storeContents(from));
    for (const name of await storeContents(to)) expect(await bytesOf(to, name)).toEqual(await bytesOf(from, name));
    await to.delete(key('1/header.hzn'));
    const request = { backupId: backup.backupId, level: 'stored' } as const;
    await runVerify({ store: to, ring: undefined, observer: silentObserver }, request, noAbort);
    // Nothing is left to do but what was lost.
    expect(await copy(from, to, backup)).toMatchObject({ objects: 1, bytes: 0 });
  });

  it('lies there as its destination wants it: locked what is never written again, and the data in its class', async () => {
    const { from, to, backup, key } = await world();
    await writeMarks(backupDeps(from), backup.backupId, { version: 1, pinned: true }, noAbort);
    await from.putBytes(key('1/header.hzn'), Buffer.from('sidecar'));
    const placed: Record<string, object> = {};
    const note = (at: string, { lock, bulk }: { lock?: boolean; bulk?: boolean } = {}) => {
      placed[at.slice(key('').length)] = { lock: lock === true, bulk: bulk === true };
    };
    const noting = replaceCalls(to, {
      put: (at, body, options) => (note(at, options), to.put(at, body, options)),
      putBytes: (at, bytes, options) => (note(at, options), to.putBytes(at, bytes, options)),
    });
    await copy(from, noting, backup);
    expect(placed).toEqual({
      '1/data.hzn': { lock: true, bulk: true },
      '1/manifest.hzn': { lock: true, bulk: false },
      'backup.json': { lock: true, bulk: false },
      'marks.json': { lock: false, bulk: false },
      '1/header.hzn': { lock: false, bulk: false },
    });
  });

  it('goes no faster than it may, by the clock that it is given, and an abort ends it at once', async () => {
    const { from, to, backup } = await world();
    const fast: Clock = { now: () => new Date(), monotonicMs: () => performance.now() * 100 };
    const size = backup.objects.data.bytes + backup.objects.manifest.bytes;
    const request = { backupId: backup.backupId, thorough: false };
    const began = fast.monotonicMs();
    await runCopy({ from, to, ...paceOf(size / 20, fast) }, request, noAbort);
    // Twenty seconds of it, but for a burst.
    expect(fast.monotonicMs() - began).toBeGreaterThan(19_000);
    expect(await storeContents(to)).toEqual(await storeContents(from));

    const cancel = new AbortController();
    const endless = { ...paceOf(1, systemClock), onBytes: () => setImmediate(() => cancel.abort()) };
    const slow = runCopy({ from, to: createMemoryStore(), ...endless }, request, cancel.signal);
    await expect(slow).rejects.toMatchObject({ code: 'run/cancelled' });
  });

  it('that broke off at any object has no backup.json, and goes on where it stood', async () => {
    const { from, to, backup, key } = await world();
    for (const end of ['data.hzn', 'manifest.hzn', 'backup.json']) {
      await expect(copy(from, failingAt(to, end), backup)).rejects.toMatchObject({ code: 'store/unreachable' });
      expect(await to.head(key('backup.json'))).toBeNull();
    }
    // Both objects stood, and were not copied again.
    expect(await copy(from, to, backup)).toMatchObject({ objects: 0 });
    expect(await storeContents(to)).toEqual(await storeContents(from));
  });

  it('in a class that gives no bytes is written again where it broke off: nobody can read what stands there', async () => {
    const { from, to, backup, key } = await world();
    const cold = coldAt(to, 'data.hzn');
    await expect(copy(from, failingAt(cold, 'backup.json'), backup)).rejects.toMatchObject({
      code: 'store/unreachable',
    });
    expect(await copy(from, cold, backup)).toMatchObject({ objects: 1, bytes: backup.objects.data.bytes });
    // What else is lost needs no reading of the data; who trusts nothing writes them again.
    await to.delete(key('1/manifest.hzn'));
    expect(await copy(from, cold, backup)).toMatchObject({ objects: 2 });
    expect(await copy(from, cold, backup)).toMatchObject({ objects: 0 });
    expect(await copy(from, cold, backup, { thorough: true })).toMatchObject({ objects: 1 });
    expect(await storeContents(to)).toEqual(await storeContents(from));
  });

  it('of what is damaged at its source is refused, and never replaces a good one', async () => {
    const { from, to, backup, key } = await world();
    const damaged = Buffer.from(await bytesOf(from, key('1/data.hzn')));
    damaged[damaged.length - 9] = (damaged.at(-9) ?? 0) ^ 1;
    const good = await bytesOf(from, key('1/data.hzn'));
    await from.putBytes(key('1/data.hzn'), damaged);
    await expect(copy(from, to, backup)).rejects.toMatchObject({ code: 'backup/mismatch' });
    expect(await storeContents(to)).toEqual([]);
    await to.putBytes(key('1/data.hzn'), good);
    await expect(copy(from, to, backup, { thorough: true })).resolves.toMatchObject({ objects: 1 });
    expect(await bytesOf(to, key('1/data.hzn'))).toEqual(good);
  });

  it('heals a damaged copy where somebody found it so', async () => {
    const { from, to, backup, key } = await world();
    await copy(from, to, backup);
    await to.putBytes(key('1/data.hzn'), Buffer.alloc(backup.objects.data.bytes));
    await to.putBytes(key('backup.json'), Buffer.from('{'));
    await expect(copy(from, to, backup)).rejects.toMatchObject({ code: 'backup/damaged' });
    expect(await copy(from, to, backup, { thorough: true })).toMatchObject({ objects: 1 });
    expect(await bytesOf(to, key('1/data.hzn'))).toEqual(await bytesOf(from, key('1/data.hzn')));
    expect(await bytesOf(to, key('backup.json'))).toEqual(await bytesOf(from, key('backup.json')));
  });

  it('leaves another backup of the same id alone, and replaces an earlier attempt', async () => {
    const { from, to, backup, key } = await world();
    const first = await putBackup(to, new Date(), { backupId: backup.backupId });
    await expect(copy(from, to, backup, { thorough: true })).rejects.toMatchObject({ code: 'store/exists' });
    const anew = createMemoryStore();
    const second = await putBackup(anew, new Date(), { backupId: backup.backupId, attempt: 2 });
    // Another run's second attempt: two installations share the place.
    await expect(copy(anew, to, { ...second, startedAt: '' })).rejects.toMatchObject({ code: 'store/exists' });
    const sealedAnew = { ...second, startedAt: first.startedAt, completedAt: first.completedAt };
    await anew.putBytes(key('backup.json'), Buffer.from(JSON.stringify(sealedAnew)));
    await copy(anew, to, second);
    expect(await storeContents(to)).toEqual(['2/data.hzn', '2/manifest.hzn', 'backup.json'].map(key));
  });

  it('takes away the earlier attempt that a run left which broke off after its commit', async () => {
    const { from, to, backup, key } = await world();
    await copy(from, to, backup);
    const anew = createMemoryStore();
    const second = await putBackup(anew, new Date(), { backupId: backup.backupId, attempt: 2 });
    const { startedAt, completedAt } = backup;
    await anew.putBytes(key('backup.json'), Buffer.from(JSON.stringify({ ...second, startedAt, completedAt })));
    const dying = replaceCalls(to, { delete: () => Promise.reject(unreachable) });
    await expect(copy(anew, dying, second)).rejects.toMatchObject({ code: 'store/unreachable' });
    expect(await storeContents(to)).toContain(key('1/data.hzn'));
    await copy(anew, to, second);
    expect(await storeContents(to)).toEqual(['2/data.hzn', '2/manifest.hzn', 'backup.json'].map(key));
  });

  it('is not made of what the record does not know, and nothing there is touched', async () => {
    const { from, to, backup } = await world();
    await copy(from, to, backup, { expect: { sha256: backup.objects.data.sha256, attempt: 1 } });
    const before = await storeContents(to);
    for (const known of [
      { sha256: 'f'.repeat(64), attempt: 1 },
      { sha256: backup.objects.data.sha256, attempt: 2 },
    ])
      await expect(copy(from, to, backup, { expect: known })).rejects.toMatchObject({ code: 'backup/mismatch' });
    expect(await storeContents(to)).toEqual(before);
  });

  it('to the primary store leaves the sidecars and marks that stand there', async () => {
    const { from, to, backup, key } = await world();
    await from.putBytes(key('1/header.hzn'), Buffer.from('newer'));
    await to.putBytes(key('1/header.hzn'), Buffer.from('older'));
    await copy(from, to, backup, { keepsSmall: true });
    expect((await bytesOf(to, key('1/header.hzn'))).toString()).toBe('older');
    await copy(from, to, backup);
    expect((await bytesOf(to, key('1/header.hzn'))).toString()).toBe('newer');
  });

  it('of a backup that is deleted meanwhile is gone again', async () => {
    const { from, to, backup } = await world();
    let asked = 0;
    const wanted = () => Promise.resolve((asked += 1) === 1);
    await expect(copy(from, to, backup, { wanted })).rejects.toMatchObject({ code: 'run/fenced' });
    expect(await storeContents(to)).toEqual([]);
    await expect(copy(from, to, backup, { wanted: () => Promise.resolve(false) })).rejects.toMatchObject({
      code: 'run/fenced',
    });
    expect(await to.head(`clinic/${backup.backupId}/backup.json`)).toBeNull();
  });
});
