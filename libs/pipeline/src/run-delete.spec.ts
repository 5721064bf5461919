import { describe, expect, it } from '@jest/globals';
import { AppError, systemClock, type BackupJson, type BackupState } from '#contracts';
import { createMemoryStore, foreverLocked, type ObjectStore } from '#storage';
import { backupDeps, noAbort, putBackup, storeContents } from '../../../test/support/backup-world.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { deleteBackup } from './delete-backup.js';
import type { DeletionView } from './deps.js';
import { runDelete, type DeleteDeps } from './run-delete.js';
import { writeMarks } from './write-marks.js';

const minute = 60_000;

async function twoBackups() {
  const store = createMemoryStore();
  const other = await putBackup(store, new Date(Date.now() - minute));
  const backup = await putBackup(store, new Date());
  return { store, other, backup, folder: `clinic/${backup.backupId}` };
}

/** A catalogue that says what a test tells it to. */
function withRecord(store: ObjectStore, view: Partial<DeletionView> | null): DeleteDeps {
  const full = {
    status: 'deleting' as BackupState,
    pinned: false,
    foundBad: false,
    commitConflict: false,
    committed: null,
    usedBy: null,
    otherGood: [] as string[],
  };
  return {
    ...backupDeps(store),
    catalog: { view: () => Promise.resolve(view === null ? null : { ...full, ...view }) },
  };
}

const remove = (deps: DeleteDeps, { backupId }: BackupJson, force = false) =>
  runDelete(deps, { backupId, force }, noAbort);

describe('a deletion', () => {
  it('takes everything of ours, commit mark first and lease last, and leaves foreign files', async () => {
    const { store, other, backup, folder } = await twoBackups();
    await writeMarks(backupDeps(store), backup.backupId, { version: 1, label: 'x' }, noAbort);
    const more = ['1/header.hzn', '1/manifest.header.hzn', '1/lease.json', '2/data.hzn', '1/notes.txt'];
    for (const key of more) await store.putBytes(`${folder}/${key}`, Buffer.from('x'));
    const order: string[] = [];
    const watched = replaceCalls(store, {
      delete: (key) => {
        order.push(key.slice(folder.length + 1));
        return store.delete(key);
      },
    });
    const result = await remove(withRecord(watched, { otherGood: [other.backupId] }), backup);
    expect(result).toMatchObject({ outcome: 'deleted', backup: { backupId: backup.backupId } });
    expect(result.outcome === 'deleted' && result.freedBytes).toBeGreaterThan(backup.objects.data.bytes);
    expect(order).toEqual([
      'backup.json',
      'marks.json',
      '1/manifest.hzn',
      '1/data.hzn',
      '2/data.hzn',
      '1/header.hzn',
      '1/manifest.header.hzn',
      '1/lease.json',
    ]);
    expect((await storeContents(store)).filter((key) => key.startsWith(folder))).toEqual([`${folder}/1/notes.txt`]);
  });

  it('can be broken off at every call and repeated', async () => {
    for (let at = 1; at <= 4; at += 1) {
      const { store, other, backup, folder } = await twoBackups();
      const lost = new AppError({ code: 'store/unreachable', stage: 'store', retry: 'retry', message: 'away' });
      let calls = 0;
      const breaking = replaceCalls(store, {
        delete: (key) => ((calls += 1) === at ? Promise.reject(lost) : store.delete(key)),
      });
      const record = { otherGood: [other.backupId] };
      await expect(remove(withRecord(breaking, record), backup)).rejects.toMatchObject({
        code: 'store/unreachable',
        retry: 'retry',
        details: { standing: at === 1 },
      });
      expect(await remove(withRecord(store, record), backup)).toMatchObject({ outcome: 'deleted' });
      expect(await remove(withRecord(store, record), backup)).toMatchObject({ outcome: 'deleted', freedBytes: 0 });
      expect((await storeContents(store)).filter((key) => key.startsWith(folder))).toEqual([]);
    }
  });

  it('that the store refuses is an error worth a repetition, and says what stands', async () => {
    const { store, other, backup } = await twoBackups();
    const refused = new AppError({ code: 'store/refused', stage: 'store', message: 'AccessDenied' });
    const refusing = replaceCalls(store, { delete: () => Promise.reject(refused) });
    await expect(remove(withRecord(refusing, { otherGood: [other.backupId] }), backup)).rejects.toMatchObject({
      code: 'store/refused',
      retry: 'retry',
      stage: 'delete',
      details: { standing: true },
    });
  });
});

describe('a deletion is refused', () => {
  const refusals: [string, Partial<DeletionView> | null, string][] = [
    ['of a record that is not deleting', { status: 'completed' }, 'not-deleting'],
    ['without a record', null, 'not-deleting'],
    ['in use', { usedBy: 'verification v1' }, 'in-use'],
    ['pinned in the record', { pinned: true }, 'pinned'],
    ['of the last good one', {}, 'last-good'],
    [
      'when the other good one of the catalogue is not in the store',
      { otherGood: ['clinic-20200101T000000Z-aaaaaa'] },
      'last-good',
    ],
  ];
  it.each(refusals)('%s', async (_name, view, reason) => {
    const { store, backup } = await twoBackups();
    const before = await storeContents(store);
    expect(await remove(withRecord(store, view), backup)).toMatchObject({ outcome: 'refused', reason });
    expect(await storeContents(store)).toEqual(before);
  });

  it('but not of the last one when it was found damaged: it is no good one', async () => {
    const { store, backup } = await twoBackups();
    expect(await remove(withRecord(store, { foundBad: true }), backup)).toMatchObject({ outcome: 'deleted' });
  });

  it('when the other good one has lost its data', async () => {
    const { store, other, backup } = await twoBackups();
    await store.delete(`clinic/${other.backupId}/1/data.hzn`);
    const record = { otherGood: [other.backupId] };
    expect(await remove(withRecord(store, record), backup)).toMatchObject({ reason: 'last-good' });
    expect(await remove(withRecord(store, record), backup, true)).toMatchObject({ outcome: 'deleted' });
  });

  it('pinned in the marks alone, or when they cannot be read', async () => {
    const { store, other, backup, folder } = await twoBackups();
    const record = { otherGood: [other.backupId] };
    await writeMarks(backupDeps(store), backup.backupId, { version: 1, pinned: true }, noAbort);
    expect(await remove(withRecord(store, record), backup, true)).toMatchObject({ reason: 'pinned' });
    await store.putBytes(`${folder}/marks.json`, Buffer.from('not json'));
    expect(await remove(withRecord(store, record), backup, true)).toMatchObject({ reason: 'pinned' });
  });

  it.each([
    [new Date('2999-01-01T00:00:00.000Z'), 'locked until 2999-01-01T00:00:00.000Z'],
    [foreverLocked, 'legal hold'],
  ])('while the store locks it until %p', async (lockedUntil, text) => {
    const { store, other, backup } = await twoBackups();
    const locking = replaceCalls(store, {
      head: async (key) => {
        const head = await store.head(key);
        return head === null ? null : { ...head, lockedUntil };
      },
    });
    expect(await remove(withRecord(locking, { otherGood: [other.backupId] }), backup)).toMatchObject({
      reason: 'locked',
      message: expect.stringContaining(text) as unknown,
    });
  });

  it('while backup.json cannot be read', async () => {
    const { store, backup, folder } = await twoBackups();
    await store.putBytes(`${folder}/backup.json`, Buffer.from('{"schema":"hazina-backup/2"}'));
    expect(await remove(withRecord(store, {}), backup, true)).toMatchObject({ reason: 'unreadable' });
  });

  it('of a missing one that is pinned: what is left of it may be all there is', async () => {
    const { store, backup, folder } = await twoBackups();
    await store.delete(`${folder}/backup.json`);
    expect(await remove(withRecord(store, { pinned: true }), backup)).toMatchObject({ reason: 'pinned', isGone: true });
    expect(await remove(withRecord(store, {}), backup)).toMatchObject({ outcome: 'deleted', backup: null });
  });

  it('waits for a use when backup.json has gone: its removal was begun, and is finished later', async () => {
    const { store, backup, folder } = await twoBackups();
    await store.delete(`${folder}/backup.json`);
    const usedBy = 'a verification of it waits or runs';
    expect(await remove(withRecord(store, { usedBy }), backup)).toMatchObject({ outcome: 'waits', reason: 'in-use' });
    expect(await storeContents(store)).toContain(`${folder}/1/data.hzn`);
  });
});

it('what has lost an object is not the last good one, and goes without force', async () => {
  const { store, backup, folder } = await twoBackups();
  await store.delete(`${folder}/1/data.hzn`);
  expect(await remove(withRecord(store, {}), backup)).toMatchObject({ outcome: 'deleted' });
});

describe('without catalogue', () => {
  const byBucket = (store: ObjectStore, { backupId }: BackupJson, force = false) =>
    deleteBackup({ store, clock: systemClock }, { backupId, force }, noAbort);

  it('the bucket decides: the last good one needs force, and a fake does not count as another', async () => {
    const { store, other, backup } = await twoBackups();
    await byBucket(store, backup);
    const fake = 'clinic-29990101T000000Z-aaaaaa';
    const { bytes } = await store.getBytes(`clinic/${other.backupId}/backup.json`, 100_000);
    await store.putBytes(`clinic/${fake}/backup.json`, Buffer.from(bytes.toString().replaceAll(other.backupId, fake)));
    await expect(byBucket(store, other)).rejects.toMatchObject({ code: 'backup/refused' });
    expect(await byBucket(store, other, true)).toMatchObject({ backupId: other.backupId });
    await expect(byBucket(store, other, true)).rejects.toMatchObject({ code: 'backup/not-found' });
  });

  it('a lease that a killed process left does not keep a backup for ever', async () => {
    const { store, backup, folder } = await twoBackups();
    await store.putBytes(`${folder}/1/lease.json`, Buffer.from('{}'));
    await byBucket(store, backup);
    expect((await storeContents(store)).filter((key) => key.startsWith(folder))).toEqual([]);
  });
});
