import { describe, expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, noAbort, putBackup, storeContents } from '../../../test/support/backup-world.js';
import { MemoryRecord } from '../../../test/support/memory-record.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import type { CommitJournal } from './deps.js';
import { finishCommit } from './finish-commit.js';
import { runBackup } from './run-backup.js';

const lost = new AppError({ code: 'catalog/unavailable', stage: 'catalog', retry: 'retry', message: 'no reply' });
const unreachable = new AppError({ code: 'store/unreachable', stage: 'store', retry: 'retry', message: 'no reply' });

function world(store: ObjectStore = createMemoryStore()) {
  const record = new MemoryRecord();
  const { journal, attempt } = record.claim();
  const request = backupRequest({ attempt });
  const run = (calls: Partial<CommitJournal> = {}, other: Partial<ObjectStore> = {}, signal = noAbort) =>
    runBackup({ ...backupDeps(replaceCalls(store, other)), journal: replaceCalls(journal, calls) }, request, signal);
  const folder = `clinic/${request.backupId}`;
  return { store, record, journal, request, run, folder };
}

describe('a backup with a journal', () => {
  it('records attempt and exact bytes before it puts them', async () => {
    const { store, record, run, folder } = world();
    const outcome = await run({}, {}, noAbort);
    const standing = (await store.getBytes(`${folder}/backup.json`, 100_000)).bytes.toString();
    expect(record.commit).toEqual({ attempt: 1, bytes: standing });
    expect(outcome).toMatchObject({ resumed: false, backup: { attempt: 1 } });
    expect(outcome.metadata).toMatchObject({ totalDocuments: 2981 });
    expect(outcome.metadata?.collections).toHaveLength(7);
    expect(outcome.metadata?.compressionRatio).toBeGreaterThan(1);
    expect(await storeContents(store)).toEqual([
      `${folder}/1/data.hzn`,
      `${folder}/1/manifest.hzn`,
      `${folder}/backup.json`,
    ]);
  });

  it('is completed from a backup.json that stands, without a dump, and the same is told of its contents', async () => {
    const first = world();
    const made = await first.run();
    const record = new MemoryRecord();
    const { journal, attempt } = record.claim();
    const engine = { ...backupDeps(first.store).engine, probe: () => Promise.reject(new Error('asked the engine')) };
    const again = await runBackup(
      { ...backupDeps(first.store), engine, journal },
      { ...first.request, attempt },
      noAbort,
    );
    expect(again).toEqual({ ...made, resumed: true });
    expect(record.commit).toBeNull();
  });

  it('raises the fence above what lies in the store, and clears it away, open uploads included', async () => {
    const store = createMemoryStore();
    const { run, record, folder } = world(store);
    for (const key of ['1/data.hzn', '1/lease.json', '7/data.hzn'])
      await store.putBytes(`${folder}/${key}`, Buffer.from('x'));
    const aborted: string[] = [];
    const { backup } = await run(
      {},
      {
        listUploads: async function* (prefix) {
          const key = `${folder}/7/manifest.hzn`;
          if (key.startsWith(prefix)) yield await Promise.resolve({ key, uploadId: 'u', initiatedAt: null });
        },
        abortUpload: ({ key }) => Promise.resolve(void aborted.push(key)),
      },
    );
    expect(backup.attempt).toBe(8);
    expect(record).toMatchObject({ fence: 8, commit: { attempt: 8 } });
    expect(aborted).toEqual([`${folder}/7/manifest.hzn`]);
    expect(await storeContents(store)).toEqual([
      `${folder}/8/data.hzn`,
      `${folder}/8/manifest.hzn`,
      `${folder}/backup.json`,
    ]);
  });

  it('leaves everything alone when the record has a commit: that one is to be finished', async () => {
    const { store, run, record, folder } = world();
    await store.putBytes(`${folder}/1/data.hzn`, Buffer.from('x'));
    record.commit = { attempt: 1, bytes: '{}' };
    await expect(run()).rejects.toMatchObject({ retry: 'retry', details: { committed: true } });
    expect(await storeContents(store)).toEqual([`${folder}/1/data.hzn`]);
  });

  it('ends when the record is another’s by now', async () => {
    const { store, run, record } = world();
    record.claim();
    await expect(run()).rejects.toMatchObject({ code: 'run/fenced' });
    expect(await storeContents(store)).toEqual([]);
  });
});

describe('commit (1)', () => {
  it('refused, by a record that names another: everything of the attempt goes', async () => {
    const { store, run, record } = world();
    const done = run({
      record: () => {
        record.claim();
        return Promise.reject(new AppError({ code: 'run/fenced', stage: 'claim', message: 'no' }));
      },
    });
    await expect(done).rejects.toMatchObject({ code: 'run/fenced' });
    expect(await storeContents(store)).toEqual([]);
  });

  it.each([
    ['cancelled', 0],
    ['failed', 0],
    ['deleted', 0],
    // Only a claim leads back from here, and it raises the fence.
    ['pending', 0],
    // A commit that was sent may still arrive.
    ['in_progress', 2],
  ] as const)('refused, by a record that is %s under the same fence: %i objects are left', async (status, left) => {
    const { store, run, record } = world();
    const done = run({
      record: () => {
        record.status = status;
        return Promise.reject(new AppError({ code: 'run/fenced', stage: 'claim', message: 'no' }));
      },
    });
    await expect(done).rejects.toMatchObject({ code: 'run/fenced' });
    expect((await storeContents(store)).filter((key) => key.endsWith('.hzn'))).toHaveLength(left);
  });

  it('refused, and the record cannot be read: the sweeper decides', async () => {
    const { store, run, journal } = world();
    let sent = false;
    const done = run({
      record: () => {
        sent = true;
        return Promise.reject(new AppError({ code: 'run/fenced', stage: 'claim', message: 'no' }));
      },
      look: () => (sent ? Promise.reject(lost) : journal.look()),
    });
    await expect(done).rejects.toMatchObject({ code: 'run/fenced' });
    expect((await storeContents(store)).filter((key) => key.endsWith('.hzn'))).toHaveLength(2);
  });

  it('stored, only its reply lost: the commit goes on', async () => {
    const { run, journal } = world();
    let replies = 0;
    const { backup } = await run({
      record: async (attempt, bytes) => {
        replies += 1;
        await journal.record(attempt, bytes);
        throw lost;
      },
    });
    expect(backup.attempt).toBe(1);
    expect(replies).toBe(1);
  });

  it('is repeated while the catalogue is away for a moment', async () => {
    const { run, journal } = world();
    let tries = 0;
    await run({
      record: (attempt, bytes) => ((tries += 1) < 4 ? Promise.reject(lost) : journal.record(attempt, bytes)),
      look: () => (tries > 0 && tries < 4 ? Promise.reject(lost) : journal.look()),
    });
    expect(tries).toBe(4);
  });

  it('unknown to the end: nothing is removed, and the error says so', async () => {
    const { store, run } = world();
    await expect(run({ record: () => Promise.reject(lost) })).rejects.toMatchObject({
      code: 'catalog/unavailable',
      retry: 'retry',
      details: { commitUnknown: true },
    });
    expect((await storeContents(store)).filter((key) => key.endsWith('.hzn'))).toHaveLength(2);
  });

  it('is not sent after a cancel', async () => {
    const { store, record, journal, request } = world();
    const cancel = new AbortController();
    const deps = { ...backupDeps(store), journal };
    const observer = { ...deps.observer, stage: (stage: string) => stage === 'commit' && cancel.abort() };
    const done = runBackup({ ...deps, observer: observer }, request, cancel.signal);
    await expect(done).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(record.commit).toBeNull();
    expect(await storeContents(store)).toEqual([]);
  });
});

describe('after commit (1)', () => {
  it('a store that is away leaves an error that says committed; finishing it needs no dump', async () => {
    const { store, run, record, request, folder } = world();
    const putBytes: ObjectStore['putBytes'] = (key, bytes, options) =>
      key.endsWith('backup.json') ? Promise.reject(unreachable) : store.putBytes(key, bytes, options);
    await expect(run({}, { putBytes })).rejects.toMatchObject({ retry: 'retry', details: { committed: true } });
    expect((await storeContents(store)).filter((key) => key.endsWith('.hzn'))).toHaveLength(2);

    const { journal } = record.claim();
    const finish = () =>
      finishCommit(
        { ...backupDeps(store), journal },
        { backupId: request.backupId, attempt: 1, bytes: Buffer.from(record.commit?.bytes ?? '') },
        noAbort,
      );
    const outcome = await finish();
    expect(outcome).toMatchObject({ resumed: true, backup: { backupId: request.backupId } });
    expect(outcome.metadata).toMatchObject({ totalDocuments: 2981 });
    expect((await finish()).backup).toEqual(outcome.backup);
    expect(await storeContents(store)).toEqual([
      `${folder}/1/data.hzn`,
      `${folder}/1/manifest.hzn`,
      `${folder}/backup.json`,
    ]);
  });

  it.each([
    // A deletion may still be refused, and looks for it at its end.
    ['deleting', 'whole', true],
    ['deleting', 'without an object', false],
    ['deleted', 'whole', false],
  ] as const)('a record that is %s, %s: whether backup.json stays: %p', async (status, objects, stays) => {
    const { store, run, record, journal, folder } = world();
    const done = run({
      record: async (attempt, bytes) => {
        await journal.record(attempt, bytes);
        record.status = status;
        if (objects !== 'whole') await store.delete(`${folder}/1/manifest.hzn`);
      },
    });
    await expect(done).rejects.toMatchObject({ code: 'run/fenced', details: { committed: true } });
    expect((await storeContents(store)).includes(`${folder}/backup.json`)).toBe(stays);
  });

  it('an object that is gone makes it a conflict, and backup.json goes', async () => {
    const { store, run, journal, folder } = world();
    const done = run({
      record: async (attempt, bytes) => {
        await journal.record(attempt, bytes);
        await store.delete(`${folder}/1/data.hzn`);
      },
    });
    await expect(done).rejects.toMatchObject({ code: 'commit/conflict', retry: 'no-retry' });
    expect(await storeContents(store)).toEqual([`${folder}/1/manifest.hzn`]);
  });
});

describe('finishing a commit', () => {
  async function committed() {
    const store = createMemoryStore();
    const backup = await putBackup(store, new Date());
    const folder = `clinic/${backup.backupId}`;
    const { bytes } = await store.getBytes(`${folder}/backup.json`, 100_000);
    await store.delete(`${folder}/backup.json`);
    const record = new MemoryRecord();
    record.claim();
    record.commit = { attempt: 1, bytes: bytes.toString() };
    const { journal } = record.claim();
    const finish = () =>
      finishCommit({ ...backupDeps(store), journal }, { backupId: backup.backupId, attempt: 1, bytes }, noAbort);
    return { store, folder, record, finish, bytes };
  }

  it('is a conflict when an object is gone: nothing is put, nothing removed', async () => {
    const { store, folder, finish } = await committed();
    await store.delete(`${folder}/1/manifest.hzn`);
    await expect(finish()).rejects.toMatchObject({ code: 'commit/conflict', retry: 'no-retry' });
    expect(await storeContents(store)).toEqual([`${folder}/1/data.hzn`]);
  });

  it('is a conflict when other bytes stand in backup.json', async () => {
    const { store, folder, finish } = await committed();
    await store.putBytes(`${folder}/backup.json`, Buffer.from('{}'));
    await expect(finish()).rejects.toMatchObject({ code: 'commit/conflict', retry: 'no-retry' });
    expect(await storeContents(store)).toHaveLength(3);
  });

  it('is none of its business once the record is over', async () => {
    const { store, folder, finish, record } = await committed();
    record.status = 'deleted';
    await expect(finish()).rejects.toMatchObject({ code: 'run/fenced' });
    expect(await storeContents(store)).not.toContain(`${folder}/backup.json`);
  });

  it('takes away the lease that a killed attempt left', async () => {
    const { store, folder, finish } = await committed();
    await store.putBytes(`${folder}/1/lease.json`, Buffer.from('{}'));
    await finish();
    expect(await storeContents(store)).not.toContain(`${folder}/1/lease.json`);
  });
});
