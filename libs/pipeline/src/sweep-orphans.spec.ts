import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BackupState, CleanupResult } from '#contracts';
import { createMemoryStore, type ObjectStore, type OpenUpload } from '#storage';
import { backupDeps, noAbort, putBackup, storeContents } from '../../../test/support/backup-world.js';
import { MemoryCatalog, type MemoryBackup } from '../../../test/support/memory-catalog.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { runCleanup } from './run-cleanup.js';

const hourMs = 3_600_000;
const orphan = 'clinic-20261101T020000Z-aaaaaa';
const folder = `clinic/${orphan}`;
const graceMs = 24 * hourMs;

let store: ObjectStore;
let catalog: MemoryCatalog | undefined;
let now: Date;
beforeEach(() => {
  store = createMemoryStore();
  catalog = undefined;
  now = new Date('2026-11-30T12:00:00.000Z');
});
const later = (hours: number) => (now = new Date(now.getTime() + hours * hourMs));
const put = (...names: string[]) =>
  Promise.all(names.map((name) => store.putBytes(`${folder}/${name}`, Buffer.from('x'))));
const lease = (counter: number, everySeconds = 900) =>
  store.putBytes(
    `${folder}/1/lease.json`,
    Buffer.from(JSON.stringify({ schema: 'hazina-lease/1', attempt: 1, counter, everySeconds })),
  );
const left = async () => (await storeContents(store)).filter((key) => key.startsWith(folder));

function sweep(changes: { graceMs?: number; target?: string | null } = {}, inStore = store): Promise<CleanupResult> {
  const deps = {
    store: inStore,
    clock: { now: () => now, monotonicMs: () => 0 },
    observer: backupDeps(store).observer,
  };
  return runCleanup(
    catalog === undefined ? deps : { ...deps, catalog },
    {
      target: null,
      dryRun: false,
      confirm: null,
      graceMs,
      expectedStoreId: null,
      policyOf: () => null,
      ...changes,
    },
    noAbort,
  );
}

function record(status: BackupState, more: Partial<MemoryBackup> = {}): MemoryCatalog {
  const known = catalog ?? new MemoryCatalog();
  known.records.set(orphan, {
    backupId: orphan,
    target: 'clinic',
    status,
    completedAt: now,
    bytes: 1000,
    pinned: false,
    usedBy: null,
    good: false,
    verified: false,
    ...more,
  });
  return (catalog = known);
}

describe.each(['without', 'with'])('an orphan, %s catalogue', (kind) => {
  beforeEach(() => {
    if (kind === 'with') record('failed');
  });

  it('goes after its grace, counted from the first sighting and not from its age', async () => {
    await put('1/data.hzn');
    expect((await sweep()).orphansRemoved).toBe(0);
    later(23);
    expect((await sweep()).orphansRemoved).toBe(0);
    later(1);
    const result = await sweep();
    expect(result).toMatchObject({ orphansRemoved: 1, freedBytes: 1 });
    expect(await left()).toEqual([]);
    later(1);
    expect(await sweep()).toMatchObject({ orphansRemoved: 0 });
    expect(await storeContents(store)).toEqual([]);
  });

  it('stays while its lease changes, and for three of its beats after', async () => {
    await put('1/data.hzn');
    await lease(1);
    await sweep();
    later(30);
    await lease(2);
    expect((await sweep()).orphansRemoved).toBe(0);
    later(23);
    expect((await sweep()).orphansRemoved).toBe(0);
    later(1);
    expect((await sweep()).orphansRemoved).toBe(1);
    await put('1/data.hzn');
    await lease(1, 3600);
    await sweep({ graceMs: 0 });
    later(2.9);
    expect((await sweep({ graceMs: 0 })).orphansRemoved).toBe(0);
    later(0.1);
    expect((await sweep({ graceMs: 0 })).orphansRemoved).toBe(1);
  });

  it('is an open upload too', async () => {
    const uploads: OpenUpload[] = [
      { key: `${folder}/1/data.hzn`, uploadId: 'u1', initiatedAt: null },
      { key: 'clinic/other/thing', uploadId: 'u2', initiatedAt: null },
    ];
    const uploading = replaceCalls(store, {
      listUploads: async function* (prefix) {
        for (const upload of [...uploads]) if (upload.key.startsWith(prefix)) yield await Promise.resolve(upload);
      },
      abortUpload: (upload) => Promise.resolve(void uploads.splice(uploads.indexOf(upload), 1)),
    });
    await sweep({}, uploading);
    later(24);
    const result = await sweep({}, uploading);
    expect(result.orphansRemoved).toBe(1);
    expect(result.reports).toContain('"clinic/other/thing (an open upload)" is no name of ours: left alone');
    expect(uploads.map(({ uploadId }) => uploadId)).toEqual(['u2']);
  });

  it('waits anew when the clock went back', async () => {
    await put('1/data.hzn');
    later(48);
    await sweep();
    later(-48);
    await sweep();
    later(23);
    expect((await sweep()).orphansRemoved).toBe(0);
    later(1);
    expect((await sweep()).orphansRemoved).toBe(1);
  });

  it('of another target is neither swept nor forgotten by a sweep of one', async () => {
    await put('1/data.hzn');
    await sweep();
    later(24);
    expect((await sweep({ target: 'shop' })).orphansRemoved).toBe(0);
    expect((await sweep({ target: 'clinic' })).orphansRemoved).toBe(1);
  });

  it('with data and manifest is whole: reported and kept', async () => {
    await put('1/data.hzn', '1/manifest.hzn');
    await sweep();
    later(1000);
    const result = await sweep();
    expect(result.orphansRemoved).toBe(0);
    expect(result.reports).toEqual([expect.stringContaining('kept')]);
    expect(await left()).toHaveLength(2);
  });

  it('are marks that outlived their backup', async () => {
    await put('marks.json');
    await sweep();
    later(24);
    expect((await sweep()).orphansRemoved).toBe(1);
    expect(await left()).toEqual([]);
  });

  it('keeps foreign files in its folder', async () => {
    await put('1/data.hzn', '1/notes.txt');
    await sweep();
    later(24);
    await sweep();
    expect(await left()).toEqual([`${folder}/1/notes.txt`]);
  });
});

describe('never an orphan', () => {
  it('is anything in the folder that backup.json names; another attempt beside it is one', async () => {
    const backup = await putBackup(store, now);
    const at = `clinic/${backup.backupId}`;
    for (const key of ['1/header.hzn', '1/lease.json', '2/data.hzn', '2/manifest.hzn'])
      await store.putBytes(`${at}/${key}`, Buffer.from('x'));
    await sweep();
    later(100);
    expect((await sweep()).orphansRemoved).toBe(1);
    expect(await storeContents(store)).toEqual([
      `${at}/1/data.hzn`,
      `${at}/1/header.hzn`,
      `${at}/1/lease.json`,
      `${at}/1/manifest.hzn`,
      `${at}/backup.json`,
    ]);
  });

  it('is an earlier whole attempt while the one that replaced it is lost: it may be the only copy', async () => {
    const backup = await putBackup(store, now, { attempt: 2 });
    const at = `clinic/${backup.backupId}`;
    for (const key of ['1/data.hzn', '1/manifest.hzn']) await store.putBytes(`${at}/${key}`, Buffer.from('x'));
    const lost = (await store.getBytes(`${at}/2/data.hzn`, 2 ** 20)).bytes;
    await store.delete(`${at}/2/data.hzn`);
    await sweep();
    later(100);
    const { orphansRemoved, reports } = await sweep();
    expect(orphansRemoved).toBe(0);
    expect(reports.join()).toContain('an earlier attempt');
    await store.putBytes(`${at}/2/data.hzn`, lost);
    await sweep();
    later(100);
    expect((await sweep()).orphansRemoved).toBe(1);
  });

  it.each(['pending', 'in_progress', 'deleting'] as const)('is what a record that is %s may need', async (status) => {
    record(status);
    await put('1/data.hzn');
    await sweep();
    later(1000);
    expect((await sweep()).orphansRemoved).toBe(0);
    record('cancelled');
    expect((await sweep()).orphansRemoved).toBe(0);
    later(24);
    expect((await sweep()).orphansRemoved).toBe(1);
  });

  it.each(['failed', 'deleted'] as const)('is what the conflict of a commit left, its record %s', async (status) => {
    record(status, { commitConflict: true });
    await put('1/data.hzn', '1/manifest.hzn', '2/data.hzn');
    await sweep();
    later(1000);
    expect((await sweep()).orphansRemoved).toBe(0);
    expect(await left()).toHaveLength(3);
  });

  it('a whole folder of a deleted record is one all the same', async () => {
    record('deleted');
    await put('1/data.hzn', '1/manifest.hzn');
    await sweep();
    later(24);
    expect((await sweep()).orphansRemoved).toBe(1);
  });

  it.each([
    ['backup.json appears', () => putBackupJson()],
    ['the record is claimed', () => Promise.resolve(record('in_progress'))],
    ['the lease moves', () => lease(9)],
  ])('when at the last moment %s', async (_name, happen) => {
    record('failed');
    await put('1/data.hzn');
    await lease(1);
    await sweep();
    later(24);
    let looks = 0;
    const late = replaceCalls(store, {
      getBytes: async (key, most) => {
        const found = await store.getBytes(key, most);
        // After the second look at the lease the folder is due: from here on everything is read again.
        if (key.endsWith('lease.json') && (looks += 1) === 2) await happen();
        return found;
      },
    });
    expect((await sweep({}, late)).orphansRemoved).toBe(0);
    expect(await left()).toContain(`${folder}/1/data.hzn`);
  });

  async function putBackupJson(): Promise<void> {
    const backup = await putBackup(createMemoryStore(), now);
    const text = JSON.stringify({ ...backup, backupId: orphan });
    await store.putBytes(`${folder}/backup.json`, Buffer.from(text));
  }
});

describe('what a check of the store left', () => {
  const probes = async () => (await storeContents(store)).filter((key) => key.startsWith('_hazina/probe-'));

  it('goes when it has stood for the grace, files and folders alike, and nothing else below _hazina/', async () => {
    await store.putBytes('_hazina/probe-aaaaaaaa', Buffer.from('first'));
    await store.putBytes('_hazina/probe-bbbbbbbb/large', Buffer.from('second'));
    await store.putBytes('_hazina/other', Buffer.from('x'));
    expect((await sweep()).orphansRemoved).toBe(0);
    later(23);
    await store.putBytes('_hazina/probe-cccccccc', Buffer.from('of a check that is under way'));
    expect((await sweep({ target: 'clinic' })).orphansRemoved).toBe(0);
    expect((await sweep()).orphansRemoved).toBe(0);
    later(1);
    const swept = await sweep();
    expect(swept).toMatchObject({ orphansRemoved: 2, freedBytes: 11 });
    expect(swept.reports.join()).toContain('_hazina/probe-bbbbbbbb was left of a check of the store and is removed');
    expect(await probes()).toEqual(['_hazina/probe-cccccccc']);
    expect(await storeContents(store)).toContain('_hazina/other');
  });

  it('stays when the clock jumped back, and is counted anew', async () => {
    await store.putBytes('_hazina/probe-aaaaaaaa', Buffer.from('first'));
    await sweep();
    later(-100);
    await sweep();
    later(23);
    expect((await sweep()).orphansRemoved).toBe(0);
    later(1);
    expect((await sweep()).orphansRemoved).toBe(1);
  });
});
