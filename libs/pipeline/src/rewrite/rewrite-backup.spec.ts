import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { systemClock, systemRandom, type BackupJson, type Compression } from '#contracts';
import { inspectHeader, KeyRing } from '#crypto';
import { createMemoryStore, type ObjectStore } from '#storage';
import {
  backupDeps,
  backupRequest,
  noAbort,
  putBackup,
  storeContents,
  testRing,
} from '../../../../test/support/backup-world.js';
import { buildArchive } from '../../../../test/support/build-archive.js';
import { MemoryCatalog } from '../../../../test/support/memory-catalog.js';
import { MemoryRotationCatalog } from '../../../../test/support/memory-rotation-catalog.js';
import {
  bothRing,
  nextKey,
  nextRing,
  readWhole,
  rewrite,
  unconditional,
} from '../../../../test/support/rewrite-world.js';
import { encodeBackupJson } from '../objects/backup-json-file.js';
import { runBackup } from '../run-backup.js';
import { runCleanup } from '../run-cleanup.js';
import { runRotate } from '../run-rotate.js';
import { writeMarks } from '../write-marks.js';

let store: ObjectStore;
let backup: BackupJson;
beforeEach(async () => {
  store = createMemoryStore();
  backup = await putBackup(store, new Date('2026-11-20T02:00:00.000Z'), { part: 'clinic, patterns 0' });
});
const folder = (of: BackupJson = backup) => `clinic/${of.backupId}`;
const commitText = async () => (await store.getBytes(`${folder()}/backup.json`, 1_000_000)).bytes.toString();
const recordOf = async () => new MemoryRotationCatalog(1, await commitText());

describe('a backup that is sealed anew', () => {
  it('opens with the new key alone, holds what it held, and is left alone afterwards', async () => {
    const old = await buffer(await store.get(`${folder()}/1/data.hzn`));
    const keyIds = await bothRing.currentKeyIds('0'.repeat(32));
    expect(await rewrite(store)).toEqual([
      {
        backupId: backup.backupId,
        outcome: 'rewritten',
        before: backup.keyIds,
        after: keyIds,
        warnings: [],
        error: null,
      },
    ]);
    const after = await readWhole(store, backup, nextRing);
    const { attempt, keyIds: _, objects, ...rest } = after;
    const { attempt: _a, keyIds: _k, objects: _o, ...before } = backup;
    expect(rest).toEqual(before);
    expect(rest.part).toBe('clinic, patterns 0');
    expect([attempt > 1, after.keyIds]).toEqual([true, keyIds]);
    expect(objects.data.fileId).not.toBe(backup.objects.data.fileId);
    const fresh = await buffer(await store.get(`${folder()}/${attempt}/data.hzn`));
    expect(inspectHeader(fresh).slots.map(({ keyId }) => keyId)).toEqual(keyIds);
    // Another salt and another key: no payload byte is the same one in the same place for long.
    expect(fresh.subarray(4140, 4200).equals(old.subarray(4140, 4200))).toBe(false);
    // The old folder stays for readers that are under way.
    expect(await storeContents(store)).toEqual(
      [1, attempt]
        .flatMap((n) => [`${folder()}/${n}/data.hzn`, `${folder()}/${n}/manifest.hzn`])
        .concat(`${folder()}/backup.json`)
        .sort(),
    );
    await expect(readWhole(store, backup, testRing)).rejects.toMatchObject({ code: 'container/no-key' });
    const contents = await storeContents(store);
    expect((await rewrite(store)).map(({ outcome }) => outcome)).toEqual(['current']);
    expect(await storeContents(store)).toEqual(contents);
  });

  it.each<Compression>(['none', 'gzip', 'zstd'])(
    'of several segments and frames, compressed by %s',
    async (codec) => {
      const request = backupRequest({ compression: { codec, level: 1 } });
      const documents = Array.from({ length: 13 }, (_, _id) => ({
        _id,
        noise: randomBytes(256 * 1024).toString('base64'),
      }));
      const archive = buildArchive([{ db: 'clinic', collection: 'scans', documents }]);
      const made = (await runBackup(backupDeps(store, { archive }), request, noAbort)).backup;
      expect((await rewrite(store)).map(({ outcome }) => outcome)).toEqual(['rewritten', 'rewritten']);
      const after = await readWhole(store, made, nextRing);
      expect(after.objects.data.bytes).toBe(made.objects.data.bytes);
      expect(after.objects.data.sha256).not.toBe(made.objects.data.sha256);
    },
    120_000,
  );

  it('by a rotation before is sealed anew too: its data key was in other hands', async () => {
    await runRotate(
      { store, ring: bothRing, clock: systemClock, random: systemRandom },
      { target: null, dryRun: false },
      noAbort,
    );
    expect((await rewrite(store))[0]).toMatchObject({
      outcome: 'rewritten',
      before: await nextRing.currentKeyIds('0'.repeat(32)),
    });
    await readWhole(store, backup, nextRing);
    expect((await storeContents(store)).filter((key) => /\/[^1]\d*\/|\/1\d+\//.test(key))).toHaveLength(2);
  });

  it('keeps its marks; in a dry run nothing is written', async () => {
    await writeMarks(
      { store, clock: systemClock },
      backup.backupId,
      { version: 1, pinned: true, label: 'keep' },
      noAbort,
    );
    const contents = await storeContents(store);
    expect((await rewrite(store, { dryRun: true })).map(({ outcome }) => outcome)).toEqual(['would-rewrite']);
    expect(await storeContents(store)).toEqual(contents);
    await rewrite(store);
    expect(JSON.parse((await store.getBytes(`${folder()}/marks.json`, 9999)).bytes.toString())).toMatchObject({
      pinned: true,
    });
  });

  it('needs a key that opens it, and leaves a damaged one as it is', async () => {
    const stranger = new KeyRing({ current: [nextKey], retired: [] });
    expect((await rewrite(store, { ring: stranger }))[0]).toMatchObject({
      outcome: 'failed',
      error: { code: 'container/no-key' },
    });
    const data = await buffer(await store.get(`${folder()}/1/data.hzn`));
    data.writeUInt8(data.readUInt8(4200) ^ 1, 4200);
    await store.putBytes(`${folder()}/1/data.hzn`, data);
    const contents = await storeContents(store);
    expect((await rewrite(store))[0]).toMatchObject({ outcome: 'failed', error: { code: 'container/corrupt' } });
    expect(await storeContents(store)).toEqual(contents);
  });

  it('its old folder goes by the rule for orphans, and never the one that only its record names yet', async () => {
    await rewrite(store, { catalog: await recordOf() });
    const catalog = new MemoryCatalog();
    catalog.add(backup, { committed: 3 });
    await store.putBytes(`${folder()}/3/data.hzn`, Buffer.from('x'));
    const sweep = () =>
      runCleanup(
        { store, clock: systemClock, observer: { stage: () => undefined }, catalog },
        { target: null, dryRun: false, confirm: null, graceMs: 0, expectedStoreId: null, policyOf: () => null },
        noAbort,
      );
    expect((await sweep()).orphansRemoved).toBe(1);
    expect((await storeContents(store)).map((key) => key.split('/')[2])).toEqual(['2', '2', '3', 'backup.json']);
    await readWhole(store, backup, nextRing);
  });
});

describe('with a catalogue', () => {
  it('the use is exclusive, attempt and bytes are on the record before the store has them', async () => {
    const record = await recordOf();
    expect((await rewrite(store, { catalog: record }))[0]).toMatchObject({ outcome: 'rewritten' });
    expect(record).toMatchObject({ due: false, user: null, commit: { attempt: 2, bytes: await commitText() } });
    record.user = 77;
    const other = await putBackup(store, new Date());
    record.commit = {
      attempt: 1,
      bytes: (await store.getBytes(`${folder(other)}/backup.json`, 1_000_000)).bytes.toString(),
    };
    expect((await rewrite(store, { catalog: record }))[0]).toMatchObject({
      outcome: 'failed',
      error: { code: 'backup/refused' },
    });
    expect(record.holds.at(-1)).toBe(`rewrite ${other.backupId}`);
  });

  it('the attempt that its record names stays, although the store names a lower one', async () => {
    const record = await recordOf();
    await rewrite(store, { catalog: record });
    const newer = record.commit;
    // A put that slept, in a store without conditions: the first commit stands over the second, with both folders.
    await store.putBytes(`${folder()}/backup.json`, encodeBackupJson(backup));
    const [again] = await rewrite(store, { catalog: record });
    expect([newer.attempt, again?.outcome]).toEqual([2, 'rewritten']);
    expect((await storeContents(store)).filter((key) => key.startsWith(`${folder()}/2/`))).toHaveLength(2);
  });

  it('a record that is being deleted is none of its business', async () => {
    const record = await recordOf();
    record.status = 'deleting';
    expect((await rewrite(store, { catalog: record }))[0]).toMatchObject({ outcome: 'gone' });
  });
});

describe('in a store without conditional writes', () => {
  it('a young backup is refused until the grace after its commit has passed', async () => {
    const plain = unconditional(store);
    expect((await rewrite(plain, { graceMs: 3_600_000 }))[0]).toMatchObject({
      outcome: 'failed',
      error: {
        code: 'backup/refused',
        retry: 'retry',
        hint: expect.stringContaining('Nothing was changed') as unknown,
      },
    });
    expect((await storeContents(store)).some((key) => !/\/1\/|backup\.json$/.test(key))).toBe(false);
    expect((await rewrite(plain, { graceMs: 0 }))[0]).toMatchObject({ outcome: 'rewritten' });
    await readWhole(store, backup, nextRing);
    // A store that honours them has nothing to wait for.
    const other = await putBackup(store, new Date());
    expect((await rewrite(store, { graceMs: 3_600_000 }))[0]).toMatchObject({
      backupId: other.backupId,
      outcome: 'rewritten',
    });
  });
});
