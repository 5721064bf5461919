import { beforeEach, describe, expect, it } from '@jest/globals';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, noAbort, putBackup, storeContents } from '../../../test/support/backup-world.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { removeBackup } from './delete/remove-backup.js';
import { readMarks } from './objects/marks-file.js';
import { writeMarks, type MarksChange } from './write-marks.js';

let store: ObjectStore;
let backupId: string;
let key: string;
beforeEach(async () => {
  store = createMemoryStore();
  ({ backupId } = await putBackup(store, new Date(), { label: 'first', pinned: true }));
  key = `clinic/${backupId}/marks.json`;
});
const write = async (change: MarksChange | (() => Promise<MarksChange | null>), other: Partial<ObjectStore> = {}) =>
  (await writeMarks(backupDeps(replaceCalls(store, other)), backupId, change, noAbort))?.marks;
const unconditional = { conditionalCreate: false, conditionalReplace: false, presign: false };

describe('marks', () => {
  it('begin with what backup.json says, and change only what they are told', async () => {
    expect(await readMarks(store, backupId, noAbort)).toBeNull();
    expect(await write({ version: 1, label: 'second' })).toMatchObject({ version: 1, pinned: true, label: 'second' });
    expect(await write({ version: 2, pinned: false })).toMatchObject({ version: 2, pinned: false, label: 'second' });
    expect(await write({ version: 3, label: null })).toMatchObject({ version: 3, pinned: false, label: null });
    expect(await readMarks(store, backupId, noAbort)).toMatchObject({ schema: 'hazina-marks/1', version: 3 });
  });

  it('keep verifications and fields of newer versions', async () => {
    await write({ version: 1, pinned: true });
    const marks = await readMarks(store, backupId, noAbort);
    const verification = { level: 'readable', ok: true, at: '2026-11-23T02:00:00.000Z' };
    await store.putBytes(key, Buffer.from(JSON.stringify({ ...marks, verifications: [verification], newer: [1] })));
    expect(await write({ version: 2, pinned: false })).toMatchObject({ verifications: [verification], newer: [1] });
  });

  it('are not written twice, and their version only rises', async () => {
    await write({ version: 5, pinned: true });
    const { etag } = await store.getBytes(key, 10_000);
    await write({ version: 5, pinned: true });
    await write({ version: 3, pinned: true });
    expect((await store.getBytes(key, 10_000)).etag).toBe(etag);
    expect(await write({ version: 0, pinned: false })).toMatchObject({ version: 6 });
  });

  it('merge with a writer who comes in between', async () => {
    await write({ version: 1, label: 'mine' });
    let first = true;
    const putBytes: ObjectStore['putBytes'] = async (...args) => {
      if (first) {
        first = false;
        await write({ version: 2, label: 'theirs' });
      }
      return store.putBytes(...args);
    };
    await write({ version: 2, pinned: false }, { putBytes });
    expect(await readMarks(store, backupId, noAbort)).toMatchObject({ version: 3, pinned: false, label: 'theirs' });
  });

  it('merge too when the first two writers come at once', async () => {
    let first = true;
    const putBytes: ObjectStore['putBytes'] = async (...args) => {
      if (first) {
        first = false;
        await write({ version: 1, label: 'theirs' });
      }
      return store.putBytes(...args);
    };
    await write({ version: 1, pinned: false }, { putBytes });
    expect(await readMarks(store, backupId, noAbort)).toMatchObject({ pinned: false, label: 'theirs' });
  });

  it('are read back where the store honours no condition', async () => {
    const abilities = () => Promise.resolve(unconditional);
    await write({ version: 1, label: 'mine' });
    let first = true;
    const putBytes: ObjectStore['putBytes'] = async (...args) => {
      const result = await store.putBytes(...args);
      if (first) {
        first = false;
        await store.putBytes(
          key,
          Buffer.from(JSON.stringify({ ...(await readMarks(store, backupId, noAbort)), pinned: true })),
        );
      }
      return result;
    };
    expect(await write({ version: 2, pinned: false }, { abilities, putBytes })).toMatchObject({ pinned: false });
  });

  describe('of a record whose wish changes while a writer sleeps', () => {
    it.each([
      ['where the store honours conditions', undefined],
      ['where it honours none', () => Promise.resolve(unconditional)],
    ])('are those of the newest wish, %s', async (_where, abilities) => {
      let wanted: MarksChange = { version: 1, pinned: true, label: 'old' };
      const sleeping = Promise.withResolvers<undefined>();
      const awake = Promise.withResolvers<undefined>();
      let isFirst = true;
      const putBytes: ObjectStore['putBytes'] = async (name, bytes, options) => {
        if (isFirst) {
          isFirst = false;
          sleeping.resolve(undefined);
          await awake.promise;
        }
        // A store that honours none takes it as it comes.
        return store.putBytes(name, bytes, abilities === undefined ? options : {});
      };
      const others = { putBytes, ...(abilities === undefined ? {} : { abilities }) };
      const sleeper = write(() => Promise.resolve(wanted), others);
      await sleeping.promise;
      wanted = { version: 2, pinned: false, label: 'new' };
      await write(() => Promise.resolve(wanted), others);
      expect(await readMarks(store, backupId, noAbort)).toMatchObject({ pinned: false, label: 'new' });
      awake.resolve(undefined);
      expect(await sleeper).toMatchObject({ pinned: false, label: 'new' });
      expect(await readMarks(store, backupId, noAbort)).toMatchObject({ pinned: false, label: 'new' });
    });

    it('are left alone when nothing is wanted any more', async () => {
      expect(await write(() => Promise.resolve(null))).toBeUndefined();
      expect(await readMarks(store, backupId, noAbort)).toBeNull();
    });
  });

  it('that cannot be read are not written over', async () => {
    await store.putBytes(key, Buffer.from('{'));
    await expect(write({ version: 1, pinned: false })).rejects.toMatchObject({ code: 'backup/damaged' });
    expect((await store.getBytes(key, 10)).bytes.toString()).toBe('{');
  });

  it('stay beside data that stands without its backup.json: it may be adopted with its pin', async () => {
    await write({ version: 1, pinned: true });
    const putBytes: ObjectStore['putBytes'] = async (...args) => {
      await store.delete(`clinic/${backupId}/backup.json`);
      return store.putBytes(...args);
    };
    await expect(write({ version: 2, label: 'x' }, { putBytes })).rejects.toMatchObject({ code: 'backup/not-found' });
    expect(await readMarks(store, backupId, noAbort)).toMatchObject({ pinned: true, label: 'x' });
  });

  it('do not outlive a backup that is deleted meanwhile', async () => {
    const putBytes: ObjectStore['putBytes'] = async (...args) => {
      await removeBackup(store, backupId, noAbort);
      return store.putBytes(...args);
    };
    await expect(write({ version: 1, pinned: true }, { putBytes })).rejects.toMatchObject({ code: 'backup/not-found' });
    expect(await storeContents(store)).not.toContain(key);
    await expect(write({ version: 1, pinned: true })).rejects.toMatchObject({ code: 'backup/not-found' });
  });
});
