import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BSON, type Document } from 'mongodb';
import { newBackupId, Secret, systemClock, systemRandom, type RestoreConflictKind } from '#contracts';
import { generateKey, KeyRing, parseKey } from '#crypto';
import { conflictBounds, createNativeLoadEngine, type ConflictBounds, type LoadRequest } from '#engine';
import { createMemoryStore } from '#storage';
import { buildArchive, type ArchiveNamespaceInput } from '../../../test/support/build-archive.js';
import { dumpDouble } from '../../../test/support/dump-double.js';
import { startFakeMongod, type FakeCollection, type FakeMongod } from '../../../test/support/fake-mongod.js';
import { loadRequestTo } from '../../../test/support/load-request.js';
import { insert, oplogBegins, oplogNamespace, remove } from '../../../test/support/oplog-entries.js';
import { foreseenFailure } from './dry-run-failure.js';
import { dryRunRestore, type DryRun } from './dry-run-restore.js';
import { silentObserver } from './deps.js';
import { proveBackup } from './objects/prove-backup.js';
import { runBackup } from './run-backup.js';
import type { ArchiveSource } from './sources/archive-source.js';
import { backupSource } from './sources/backup-source.js';
import { fileSource } from './sources/file-source.js';

// What the test server does not have: users that may be merged, time series, applyOps, rights that it tells of.

const folder = mkdtempSync(join(tmpdir(), 'hazina-dry-run-'));
let server: FakeMongod | undefined;
afterEach(() => server?.close());
afterAll(() => rmSync(folder, { recursive: true }));

const people = (changes: Partial<ArchiveNamespaceInput> = {}): ArchiveNamespaceInput => ({
  ...{ db: 'clinic', collection: 'people', documents: [{ _id: 1 }, { _id: 2 }] },
  ...changes,
});
const user = (db: string, name: string): Document => ({ _id: `${db}.${name}`, user: name, db, roles: [] });
const role = (db: string, name: string): Document => ({
  _id: `${db}.${name}`,
  role: name,
  db,
  privileges: [],
  roles: [],
});
const users = (schema = 5): ArchiveNamespaceInput[] => [
  ...[{ db: 'admin', collection: 'system.users', metadata: '' }].map((one) => ({
    ...one,
    documents: [user('admin', 'restorer'), user('clinic', 'ann'), user('shop', 'bob')],
  })),
  { db: 'admin', collection: 'system.roles', documents: [role('clinic', 'reader')], metadata: '' },
  { db: 'admin', collection: 'system.version', documents: [{ _id: 'authSchema', currentVersion: schema }] },
];

interface Target {
  readonly answers?: Readonly<Record<string, (command: Document) => Document>>;
  readonly collections?: readonly FakeCollection[];
}
const restorer = {
  authenticatedUsers: [{ user: 'restorer', db: 'admin' }],
  authenticatedUserRoles: [],
  authenticatedUserPrivileges: [{ resource: { anyResource: true }, actions: ['anyAction'] }],
};
const there =
  (field: 'user' | 'role', list: 'users' | 'roles', ...names: readonly string[]) =>
  (command: Document): Document => ({
    [list]: (command[`${list}Info`] as Document[]).filter((one) => names.includes(`${one['db']}.${one[field]}`)),
  });

async function dryRun(
  namespaces: readonly ArchiveNamespaceInput[],
  { answers = {}, collections = [] }: Target = {},
  changes: Partial<LoadRequest> = {},
  /** Of a backup in a store, not of a file; looked at within these bounds. */
  backup?: Partial<ConflictBounds>,
): Promise<DryRun> {
  const usual: NonNullable<Target['answers']> = {
    renameCollection: () => ({ ok: 0, code: 26, errmsg: 'no such collection' }),
    _mergeAuthzCollections: () => ({ ok: 0, code: 2, errmsg: 'no names' }),
    applyOps: () => ({ ok: 0, code: 26, errmsg: 'no such collection' }),
    connectionStatus: () => ({ authInfo: restorer }),
    getParameter: () => ({ authSchemaVersion: 5 }),
    count: () => ({ n: 7 }),
    aggregate: () => ({ cursor: { id: BSON.Long.ZERO, ns: 'clinic.people', firstBatch: [{ n: 7 }] } }),
    ...answers,
  };
  server = await startFakeMongod({
    ...{ version: '7.0.0', collections },
    answer: (command) => usual[Object.keys(command)[0] ?? '']?.(command),
  });
  const file = join(folder, 'dump.archive');
  writeFileSync(file, buildArchive(namespaces));
  const source =
    backup === undefined
      ? await fileSource(file, { ring: undefined, sidecar: undefined, observer: silentObserver })
      : await sealed(buildArchive(namespaces, 1));
  const bounds = { ...conflictBounds, ...backup };
  const deps = { engine: createNativeLoadEngine(), source, observer: silentObserver, clock: systemClock, bounds };
  return dryRunRestore(deps, loadRequestTo(new Secret(server.uri), changes), new AbortController().signal);
}
/** A backup of the archive, as a store holds it. */
async function sealed(archive: Buffer): Promise<ArchiveSource> {
  const ring = new KeyRing({ current: [parseKey(generateKey(systemRandom), 'test').key], retired: [] });
  const store = createMemoryStore();
  const backupId = newBackupId('clinic', systemClock.now(), systemRandom);
  const { signal } = new AbortController();
  const deps = { store, ring, clock: systemClock, random: systemRandom, observer: silentObserver };
  await runBackup(
    { ...deps, engine: dumpDouble({ archive }) },
    {
      ...{ backupId, target: 'clinic', attempt: 1, trigger: 'cli', label: null, pinned: false, retentionDays: 30 },
      dump: { uri: new Secret('unused'), databases: [], include: [], exclude: [] },
      compression: { codec: 'zstd', level: undefined },
    },
    signal,
  );
  return backupSource(deps, await proveBackup(deps, backupId, signal));
}
const asked = (name: string): number => (server?.commands ?? []).filter((command) => name in command).length;
const found = ({ findings }: DryRun, kind: RestoreConflictKind) =>
  findings.conflicts
    .filter((conflict) => conflict.kind === kind)
    .map(({ blocking, documents, message }) => [blocking, documents, message]);

describe('rights and room', () => {
  it('are asked for once', async () => {
    const { plan, findings } = await dryRun([people()]);
    expect([asked('connectionStatus'), asked('dbStats')]).toEqual([1, 1]);
    expect([plan.warnings, foreseenFailure(findings)]).toEqual([[], null]);
    expect(findings.checked).toContain('rights: what the server says that the user of the URI may do');
  });

  it('that are lacking end it as they would end the restore', async () => {
    const authInfo = { ...restorer, authenticatedUserPrivileges: [] };
    const { plan, findings } = await dryRun([people()], { answers: { connectionStatus: () => ({ authInfo }) } });
    expect(plan.warnings).toEqual([expect.stringMatching(/restorer@admin may lack rights in clinic/)]);
    expect(foreseenFailure(findings)).toMatchObject({
      ...{ code: 'target/refused', message: expect.stringMatching(/may lack rights in clinic/) },
    });
  });
});

describe('a disk that is nearly full', () => {
  it('is told with what the documents take, and refuses nothing', async () => {
    const dbStats = () => ({ fsTotalSize: 1_000, fsUsedSize: 999 });
    const run = await dryRun([people()], { answers: { dbStats } }, {}, {});
    const [[blocking, , message] = []] = found(run, 'room');
    expect(blocking).toBe(false);
    expect(message).toMatch(/the documents take .* its disk has .* free/);
    expect(run.findings.estimate).toMatchObject({ freeBytes: 1 });
    expect(foreseenFailure(run.findings)).toBeNull();
  });
});

describe('users and roles', () => {
  const withUsers = { usersAndRoles: true } as const;
  const known = {
    usersInfo: there('user', 'users', 'admin.restorer', 'clinic.ann'),
    rolesInfo: there('role', 'roles', 'clinic.reader'),
  };

  it('that the server has would be replaced: how many of which database, and no name', async () => {
    const run = await dryRun([...users(), people()], { answers: known }, withUsers);
    expect(found(run, 'users-and-roles')).toEqual([
      [
        false,
        2,
        expect.stringMatching(
          /2 of 3 users of the backup are in the target already \(1 of admin, 1 of clinic\).*password.*logs in as/,
        ),
      ],
      [false, 1, expect.stringMatching(/1 of 1 role of the backup is in the target already \(1 of clinic\)/)],
    ]);
    expect(JSON.stringify(run.findings)).not.toMatch(/ann|reader/);
    expect(run.findings.checked.join('\n')).toMatch(
      /3 users of the backup, of which the target has 2, 1 role .* has 1/,
    );
    expect(run.findings.notChecked.join('\n')).not.toMatch(/users and roles of the backup beyond/);
    expect(foreseenFailure(run.findings)).toBeNull();
  });

  it('of the chosen databases only', async () => {
    const run = await dryRun([...users(), people()], { answers: known }, { ...withUsers, databases: ['clinic'] });
    expect(found(run, 'users-and-roles').map(([, count]) => count)).toEqual([1, 1]);
    expect(JSON.stringify(run.findings)).not.toMatch(/logs in as/);
  });

  it('of a backup in a store, which is too large to be read whole, are read by themselves', async () => {
    const many = people({ documents: Array.from({ length: 50 }, (_, _id) => ({ _id })) });
    const run = await dryRun([many, ...users()], { answers: known }, withUsers, { documents: 10 });
    expect(found(run, 'users-and-roles').map(([, count]) => count)).toEqual([2, 1]);
    expect(found(run, 'duplicate-ids')).toEqual([]);
    expect(run.findings.notChecked.join('\n')).toContain('clinic.people (the first 10 of 50)');
    expect(run.findings.notChecked.join('\n')).not.toMatch(/users and roles of the backup beyond/);
  });

  it('that a server does not tell of are not checked', async () => {
    const refusing = { ...known, usersInfo: () => ({ ok: 0, code: 13, errmsg: 'not authorized on ann' }) };
    const { findings } = await dryRun([...users(), people()], { answers: refusing }, withUsers);
    expect(findings.notChecked.join('\n')).toMatch(/which users of the backup.*does not answer \(code 13\)/);
    expect(JSON.stringify(findings)).not.toContain('ann');
  });

  it.each<[string, ArchiveNamespaceInput[], RegExp]>([
    ['in another form are refused', [...users(3), people()], /archive are in form 3, those of the target in form 5/],
    ['that the archive does not hold make the restore fail', [people()], /holds no users and roles/],
  ])('%s', async (_what, namespaces, message) => {
    const { findings } = await dryRun(namespaces, { answers: known }, withUsers);
    expect(foreseenFailure(findings)).toMatchObject({
      code: 'restore/failed',
      message: expect.stringMatching(message),
    });
  });
});

describe('a time series of the target', () => {
  const series = {
    db: 'clinic',
    name: 'people',
    type: 'timeseries',
    options: { timeseries: { timeField: 't' } },
  } as const;

  it('is no empty name', async () => {
    const run = await dryRun([people()], { collections: [series] });
    expect(run.refusal).toMatchObject({
      code: 'target/not-empty',
      message: expect.stringContaining('(a time series)'),
    });
    expect(found(run, 'time-series')).toEqual([]);
  });

  it('goes before what replaces it', async () => {
    const replace = { mode: 'replace', confirm: ['clinic'] } as const;
    const byCollection = await dryRun([people()], { collections: [series] }, replace);
    expect(found(byCollection, 'time-series')).toEqual([
      [
        false,
        7,
        'clinic.people: the target has a time series of 7 measurements: it is dropped just before the collection of the backup takes its name',
      ],
    ]);
    await server?.close();
    const anew = people({ type: 'timeseries', dataCollection: 'system.buckets.people', documents: [] });
    const bySeries = await dryRun([anew], { collections: [series] }, replace);
    expect(found(bySeries, 'time-series')).toEqual([
      [false, 7, expect.stringMatching(/filled in its place.*after a kill/)],
    ]);
  });
});

describe('an oplog that is replayed', () => {
  const oplog = oplogNamespace([insert('clinic.people', { _id: 3 }), remove('clinic.people', 1)]);
  const replays = { oplogReplay: true } as const;

  it('of a file that was read to its end: how many entries, and until when', async () => {
    const { findings } = await dryRun([people(), oplog], {}, replays);
    expect(findings.checked.join('\n')).toContain(
      `oplog: 2 entries are replayed, as the archive holds them; the last one of 2023-11-14T22:13:21Z (${oplogBegins + 1}:1)`,
    );
    expect(findings.notChecked.join('\n')).toMatch(/what the replay of the oplog changes/);
    expect(findings.notChecked.join('\n')).not.toMatch(/how many entries/);
  });

  it('may make good what breaks a unique index', async () => {
    const unique = { v: 2, key: { mail: 1 }, name: 'mail_1', unique: true };
    const documents = [
      { _id: 1, mail: 'a' },
      { _id: 1, mail: 'b' },
      { _id: 2, mail: 'a' },
    ];
    const archive = [people({ documents, indexes: [unique] }), oplog];
    expect(foreseenFailure((await dryRun(archive, {}, replays)).findings)).toBeNull();
    await server?.close();
    expect(foreseenFailure((await dryRun(archive)).findings)).toMatchObject({
      ...{ code: 'restore/failed', message: expect.stringMatching(/has the _id of an earlier one/) },
    });
  });

  it('that is not there makes the restore fail', async () => {
    expect(foreseenFailure((await dryRun([people()], {}, replays)).findings)).toMatchObject({
      ...{ code: 'restore/failed', message: expect.stringMatching(/there is no oplog/) },
    });
  });
});
