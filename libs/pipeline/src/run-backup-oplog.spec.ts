import { expect, it } from '@jest/globals';
import { newBackupId, Secret, systemClock, systemRandom } from '#contracts';
import { generateKey, KeyRing, parseKey } from '#crypto';
import { createMemoryStore } from '#storage';
import { buildArchive } from '../../../test/support/build-archive.js';
import { dumpDouble } from '../../../test/support/dump-double.js';
import { insert, noop, oplogBegins, oplogNamespace } from '../../../test/support/oplog-entries.js';
import type { BackupRequest } from './backup-types.js';
import { silentObserver } from './deps.js';
import { proveBackup } from './objects/prove-backup.js';
import { runBackup } from './run-backup.js';
import { runVerify } from './run-verify.js';
import { backupSource } from './sources/backup-source.js';

// A backup with an oplog: the archive tells of what moment it is.

const ring = new KeyRing({ current: [parseKey(generateKey(systemRandom), 'test').key], retired: [] });
const { signal } = new AbortController();
const people = { db: 'shop', collection: 'people', documents: [{ _id: 1 }, { _id: 2 }] };
const oplog = oplogNamespace([noop, insert('shop.people', { _id: 3 })]);

async function backUp(archive: Buffer, wanted: true | 'if-there' = true) {
  const store = createMemoryStore();
  const request: BackupRequest = {
    backupId: newBackupId('shop', systemClock.now(), systemRandom),
    ...{ target: 'shop', attempt: 1, trigger: 'cli', label: null, pinned: false, retentionDays: 30 },
    dump: { uri: new Secret('unused'), databases: [], include: [], exclude: [], oplog: wanted },
    compression: { codec: 'zstd', level: undefined },
  };
  const engine = dumpDouble({ archive });
  const deps = { store, ring, engine, clock: systemClock, random: systemRandom, observer: silentObserver };
  return { store, request, outcome: await runBackup(deps, request, signal) };
}

it('says so in backup.json and manifest, which prove the archive', async () => {
  const { store, request, outcome } = await backUp(buildArchive([people, oplog]));
  const consistency = { mode: 'oplog', at: { t: oplogBegins + 1, i: 1 } };
  expect(outcome.backup).toMatchObject({ consistency, databases: ['shop'], totals: { collections: 1, documents: 4 } });
  const { backupId } = request;
  const proven = await proveBackup({ store, ring }, backupId, signal);
  expect(proven.manifest.consistency).toEqual(consistency);
  const entry = { db: '', collection: 'oplog', type: 'oplog', documents: 2, indexes: [], options: null };
  expect(proven.manifest.namespaces).toMatchObject([{ collection: 'people' }, entry]);
  await runVerify({ store, ring, observer: silentObserver }, { backupId, level: 'readable' }, signal);
  const source = backupSource({ store, ring, observer: silentObserver }, proven);
  expect(await source.contents(signal)).toMatchObject({
    ...{ oplog: 2, oplogAt: consistency.at, namespaces: [{ collection: 'people' }] },
  });
});

it('finds out by itself of a dump that others made', async () => {
  const made = async (namespaces: Parameters<typeof buildArchive>[0]) =>
    (await backUp(buildArchive(namespaces), 'if-there')).outcome.backup.consistency;
  expect(await made([people, oplog])).toEqual({ mode: 'oplog', at: { t: oplogBegins + 1, i: 1 } });
  expect((await made([people])).at).toBeNull();
});

it.each([
  ['ends before its oplog, as a cut one may', [people]],
  ['has an oplog without an entry', [people, { ...oplog, documents: [] }]],
])('fails when the archive %s', async (_what, namespaces) => {
  await expect(backUp(buildArchive(namespaces))).rejects.toMatchObject({ code: 'engine/failed', retry: 'retry' });
});
