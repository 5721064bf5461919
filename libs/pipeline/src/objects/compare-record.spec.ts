import { beforeEach, describe, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { Secret, systemRandom, type BackupJson } from '#contracts';
import { generateRecipient, keyRingOf, type KeyRing } from '#crypto';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, noAbort, putBackup, testRing } from '../../../../test/support/backup-world.js';
import { buildArchive } from '../../../../test/support/build-archive.js';
import { silentObserver } from '../deps.js';
import { openArchive } from '../open-archive.js';
import { openPart } from '../parts/open-part.js';
import { runBackup } from '../run-backup.js';
import { runVerify } from '../run-verify.js';
import { encodeBackupJson } from './backup-json-file.js';
import { recordedObjects, type RecordedObjects } from './compare-record.js';
import { proveBackup } from './prove-backup.js';

// What somebody who can write to a store, and knows no more than a public key, may put there in a backup's place.

const pair = generateRecipient(systemRandom);
const text = (value: Secret) => ({ variable: 'KEY', text: value });
const holder = keyRingOf({ current: text(pair.privateKey), recipients: [], retired: [] }, () => undefined);
const stranger = keyRingOf(
  { current: undefined, recipients: [text(new Secret(pair.publicKey))], retired: [] },
  () => undefined,
);
const request = backupRequest({ compression: { codec: 'none', level: 1 } });
const archiveOf = (words: string) =>
  buildArchive([
    { db: 'clinic', collection: 'patients', documents: [{ _id: 1, words }] },
    { db: 'clinic', collection: 'visits', documents: [{ _id: 1, words }] },
  ]);

async function sealed(store: ObjectStore, words: string): Promise<BackupJson> {
  return (await runBackup({ ...backupDeps(store, { archive: archiveOf(words) }), ring: stranger }, request, noAbort))
    .backup;
}

function recordOf(backup: BackupJson, changes: Partial<Parameters<typeof recordedObjects>[0]> = {}) {
  const { backupId, attempt, objects } = backup;
  const commit = { attempt, bytes: encodeBackupJson(backup).toString() };
  return recordedObjects({ backupId, hash: objects.data.sha256, commit, commitDue: false, ...changes });
}

let store: ObjectStore;
let ours: BackupJson;
beforeEach(async () => {
  store = createMemoryStore();
  ours = await sealed(store, 'ours');
});
const prove = (recorded: RecordedObjects | null, ring: KeyRing = holder) =>
  proveBackup({ store, ring }, ours.backupId, noAbort, recorded);
const keyOf = (name: string) => `clinic/${ours.backupId}/1/${name}`;

/** All of a backup of the same id, made by the stranger: papers that agree, and open with the private key. */
async function forge(words: string): Promise<void> {
  const elsewhere = createMemoryStore();
  await sealed(elsewhere, words);
  for await (const { key } of elsewhere.list('clinic/'))
    await store.putBytes(key, await buffer(await elsewhere.get(key)));
}

describe('a forged backup', () => {
  it('is whole and opens by what the store says alone, and is refused beside the record', async () => {
    const recorded = recordOf(ours);
    expect(await prove(recorded)).toMatchObject({ isRecorded: true, warnings: [] });
    await forge('theirs');
    const { backupId } = ours;
    const verified = runVerify(
      { store, ring: holder, observer: silentObserver },
      { backupId, level: 'readable' },
      noAbort,
    );
    expect((await verified).warnings).toEqual([]);
    await expect(prove(recorded)).rejects.toMatchObject({ code: 'backup/mismatch', stage: 'open' });
    // Records of older versions know the SHA-256 of the data alone.
    await expect(prove(recordOf(ours, { commit: null }))).rejects.toMatchObject({ code: 'backup/mismatch' });
    expect(recordOf(ours, { commit: null, hash: null })).toBeNull();
    // A commit that is newer than the store's is still to be put.
    expect(recordOf(ours, { commitDue: true })).toBeNull();
  });

  it('under our backup.json is refused when its manifest is read, or its data', async () => {
    const papers = (await store.getBytes(`clinic/${ours.backupId}/backup.json`, 100_000)).bytes;
    const manifest = await buffer(await store.get(keyOf('manifest.hzn')));
    await forge('them');
    await store.putBytes(`clinic/${ours.backupId}/backup.json`, papers);
    await expect(prove(recordOf(ours))).rejects.toMatchObject({ code: 'backup/mismatch' });
    await store.putBytes(keyOf('manifest.hzn'), manifest);
    await expect(prove(recordOf(ours))).rejects.toMatchObject({ code: 'backup/mismatch' });
  });

  it('whose header only a sidecar opens is no damaged header: beside the record its SHA-256 must be ours', async () => {
    // What makes the whole file another one, as the reader sees it.
    const data = await buffer(await store.get(keyOf('data.hzn')));
    await store.putBytes(keyOf('header.hzn'), data.subarray(0, 4096));
    await store.putBytes(keyOf('data.hzn'), Buffer.from(data).fill(0, 0, 4096));
    const read = async (recorded: RecordedObjects | null) =>
      buffer(openArchive({ store, ring: holder }, await prove(recorded), { signal: noAbort }));
    expect(await read(null)).toEqual(archiveOf('ours'));
    await expect(read(recordOf(ours))).rejects.toMatchObject({ code: 'backup/mismatch' });
    const part = openPart(
      { store, ring: holder },
      await prove(recordOf(ours)),
      ({ collection }) => collection === 'visits',
      {
        signal: noAbort,
      },
    );
    await expect(buffer(part)).rejects.toMatchObject({ code: 'backup/mismatch' });
  });
});

describe('a backup for the holders of a key that nobody else has', () => {
  it('is read by its sidecar beside its record too: nobody else could have made one', async () => {
    const backup = await putBackup(store, new Date());
    const key = `clinic/${backup.backupId}/1/data.hzn`;
    const data = await buffer(await store.get(key));
    await store.putBytes(key.replace('data', 'header'), data.subarray(0, 4096));
    await store.putBytes(key, Buffer.from(data).fill(0, 0, 4096));
    const deps = { store, ring: testRing };
    const proven = await proveBackup(deps, backup.backupId, noAbort, recordOf(backup));
    const warnings: string[] = [];
    await buffer(openArchive(deps, proven, { signal: noAbort, onWarning: (warning) => warnings.push(warning) }));
    expect(warnings).toEqual([expect.stringContaining('the header inside it is damaged')]);
  });
});
