import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import { Secret } from '#contracts';
import { createNativeLoadEngine, type LoadReport, type LoadRequest } from '#engine';
import { uniqueDatabase } from '../services/unique-names.js';
import { waitUntil } from '../services/wait-until.js';
import { buildArchive } from '../support/build-archive.js';
import type { ChildOrder } from '../support/native-load-child.js';
import { contentsOf, gated, listening, loadArchive, loadRequest, piecesOf, testUri } from '../support/native-load.js';
import { projectRoot } from '../support/run-hazina.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// Restores that are killed, cancelled or cut off, and what the next one makes of them.

// Every test starts a process, on a machine that may be busy.
jest.setTimeout(60_000);

const lease = { leaseMs: 600, beatMs: 150 };
/** A client gives up a server that is gone only after a while, and the loader asks more than once. */
const patience = 30_000;

let client: MongoClient;
let folder: string;
let db: string;
let second: string;

beforeAll(async () => {
  client = await MongoClient.connect(testUri());
  folder = mkdtempSync(join(tmpdir(), 'hazina-load-'));
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  db = uniqueDatabase('load_a');
  second = uniqueDatabase('load_b');
});
afterEach(async () => {
  await client.db(db).dropDatabase();
  await client.db(second).dropDatabase();
});

const ttl = { v: 2, key: { at: 1 }, name: 'at_1', expireAfterSeconds: 86_400 };
const archive = () =>
  buildArchive([
    { db, collection: 'one', documents: [{ _id: 1 }, { _id: 2 }], indexes: [{ v: 2, key: { a: 1 }, name: 'a_1' }] },
    { db, collection: 'two', documents: [{ _id: 3, at: new Date() }], indexes: [ttl] },
    { db: second, collection: 'three', documents: [{ _id: 4 }] },
    { db: second, collection: 'with.dot', documents: [{ _id: 5 }, { _id: 6 }] },
  ]);
const complete = async () => {
  expect(await contentsOf(client, db)).toEqual(['one (2, 2)', 'two (1, 2)']);
  expect(await contentsOf(client, second)).toEqual(['three (1, 1)', 'with.dot (2, 1)']);
};
const untouched = async () => {
  expect(await contentsOf(client, db)).toEqual([]);
  expect(await contentsOf(client, second)).toEqual([]);
};
const planOf = (name: string): Promise<Document | null> => client.db(name).collection('_hazina_restore').findOne();

/** Runs a load in a process that kills itself at the given command. */
async function crash(
  killBefore: string,
  nth = 1,
  request: Partial<LoadRequest> = {},
  bytes = archive(),
): Promise<void> {
  const file = join(folder, `${db}.archive`);
  writeFileSync(file, bytes);
  const order: ChildOrder = { archive: file, request, ...lease, killBefore, nth };
  const child = spawn(
    process.execPath,
    [join(projectRoot, 'dist/test/support/native-load-child.js'), JSON.stringify(order)],
    {
      env: { PATH: process.env['PATH'], TEST_MONGODB_URI: testUri() },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const signal = await new Promise((resolve) => child.once('close', (_code, by) => resolve(by)));
  if (signal !== 'SIGKILL')
    throw new Error(`The child was not killed at ${killBefore}: ${Buffer.concat(errors).toString()}`);
  await beatsHaveEnded();
}

/** A beat that was on its way when the process died may be written a little later: it would look like a sign of life. */
async function beatsHaveEnded(): Promise<void> {
  let last: string | undefined;
  const standsStill = async (): Promise<boolean> => {
    const plan = await planOf(db);
    const mark = `${String(plan?.['fence'])} ${String(plan?.['beat'])}`;
    const same = mark === last;
    last = mark;
    return same;
  };
  await waitUntil(standsStill, { what: 'the end of all beats', intervalMs: 2 * lease.beatMs });
}

describe('F41 killed while loading', () => {
  it.each([
    ['before its second plan', 'insert _hazina_restore', 2],
    ['before its first collection', 'create _hazina_tmp', 1],
    ['among documents', 'insert _hazina_tmp', 2],
    ['before its indexes', 'createIndexes _hazina_tmp', 1],
  ])('%s: the next run puts the target back and loads', async (_where, killBefore, nth) => {
    await crash(killBefore, nth);
    expect(await planOf(db)).toMatchObject({ phase: 'loading', fence: 1 });
    const names = [...(await contentsOf(client, db)), ...(await contentsOf(client, second))];
    expect(names.filter((name) => !name.startsWith('_hazina_'))).toEqual([]);
    const report = await loadArchive(archive(), {}, lease);
    expect(report).toMatchObject({ outcome: 'restored', warnings: [] });
    await complete();
  });

  it('another restore removes what was left, too', async () => {
    await crash('insert _hazina_tmp', 1);
    const report = await loadArchive(archive(), { backupId: 'another', databases: [second] }, lease);
    expect(report.namespaces.map(({ collection }) => collection)).toEqual(['three', 'with.dot']);
    expect(await contentsOf(client, db)).toEqual([]);
    expect(await contentsOf(client, second)).toEqual(['three (1, 1)', 'with.dot (2, 1)']);
  });
});

describe('F41 killed while renaming', () => {
  it.each([
    ['before the first rename', `renameCollection \\w+\\._hazina_tmp_[a-z0-9]{6}_\\d`, 3],
    ['after the first rename', `renameCollection \\w+\\._hazina_tmp_[a-z0-9]{6}_\\d+$`, 2],
    ['before what is filled or made last', 'createIndexes two', 1],
    ['before the first plan is removed', 'delete _hazina_restore', 1],
    ['after the first plan is removed, before its empty collection is', 'drop _hazina_restore', 1],
    ['before the last plan is removed', 'delete _hazina_restore', 2],
  ])('%s: the same command finishes it, without the data', async (_where, killBefore, nth) => {
    await crash(killBefore, nth);
    expect(await planOf(db)).toMatchObject({ phase: 'renaming', fence: 1 });
    const request = loadRequest();
    const engine = createNativeLoadEngine(lease);
    const contents = {
      namespaces: [
        { db, collection: 'one', type: 'collection', documents: 2 },
        { db, collection: 'two', type: 'collection', documents: 1 },
        { db: second, collection: 'three', type: 'collection', documents: 1 },
        { db: second, collection: 'with.dot', type: 'collection', documents: 2 },
      ],
    } as const;
    const plan = await engine.plan(request, contents, new AbortController().signal);
    expect(plan.notes).toContainEqual(expect.stringContaining('this run finishes it'));
    // The prelude and a little more: what follows is never asked for.
    const start = archive().subarray(0, archive().lastIndexOf(Buffer.from('"type":"collection"')) + 200);
    const report = await loadArchive(piecesOf(start), {}, lease);
    expect(report).toMatchObject({ outcome: 'restored', warnings: [expect.stringContaining('it was finished')] });
    await complete();
  });

  it('a different restore is refused, and says what to do', async () => {
    await crash('createIndexes two', 1);
    const failing = loadArchive(archive(), { backupId: 'another' }, lease);
    await expect(failing).rejects.toMatchObject({
      code: 'restore/unfinished',
      message: expect.stringContaining(loadRequest().backupId),
    });
    await loadArchive(archive(), {}, lease);
    await complete();
  });
});

describe('F41 killed while duplicates are told apart (keep-last)', () => {
  const mail = { v: 2, key: { mail: 1 }, name: 'mail_1', unique: true };
  const doubled = () =>
    buildArchive([
      {
        ...{ db, collection: 'one', indexes: [mail] },
        documents: [
          { _id: 1, mail: 'a' },
          { _id: 2, mail: 'b' },
          { _id: 3, mail: 'a' },
          { _id: 2, mail: 'c' },
        ],
      },
      { db: second, collection: 'three', documents: [{ _id: 4 }] },
    ]);
  const keepLast = { onConflict: 'keep-last' } as const;
  const temporaries = (names: readonly string[]) => names.filter((name) => name.startsWith('_hazina_tmp_'));

  it.each([
    ['before the order is written down', 'insert _hazina_tmp', 2],
    ['among the documents of the sieve', 'insert _hazina_tmp_[a-z0-9]{6}_2', 1],
    ['before an earlier document is removed', 'delete _hazina_tmp', 2],
    ['before the indexes are built again', 'createIndexes _hazina_tmp', 3],
  ])('%s: the next run begins anew and tells the same', async (_where, killBefore, nth) => {
    await crash(killBefore, nth, keepLast, doubled());
    expect(await planOf(db)).toMatchObject({ phase: 'loading' });
    expect(temporaries(await contentsOf(client, db)).length).toBeGreaterThan(0);
    await expectKeptLast(await loadArchive(doubled(), keepLast, lease));
  });

  it('among the renames: the next run tells what was left out, without the data', async () => {
    await crash(`renameCollection \\w+\\._hazina_tmp_[a-z0-9]{6}_\\d+$`, 2, keepLast, doubled());
    expect(await planOf(db)).toMatchObject({ phase: 'renaming' });
    await expectKeptLast(await loadArchive(doubled(), keepLast, lease));
  });

  async function expectKeptLast(report: LoadReport): Promise<void> {
    expect(report.outcome).toBe('restored-with-differences');
    expect(report.namespaces[0]).toMatchObject({
      documents: 2,
      differences: [
        '2 documents were left out for later ones (keep-last)',
        '_id 2: the earlier of two documents with it',
        '_id 1: a later document has its value of the unique index mail_1 {"mail":1}',
      ],
    });
    expect(await contentsOf(client, db)).toEqual(['one (2, 2)']);
    expect(await contentsOf(client, second)).toEqual(['three (1, 1)']);
  }
});

describe('two at once', () => {
  it('the second is refused while the first lives, and the first goes on', async () => {
    let open: (value?: unknown) => void = () => undefined;
    const gate = new Promise((resolve) => (open = resolve));
    const first = loadArchive(
      gated(archive(), () => gate),
      {},
      lease,
    );
    await waitUntil(() => planOf(second), { what: 'the plan of the first restore' });
    await expect(loadArchive(archive(), {}, lease)).rejects.toMatchObject({ code: 'restore/busy', retry: 'retry' });
    await expect(loadArchive(archive(), { backupId: 'another' }, lease)).rejects.toMatchObject({
      code: 'restore/busy',
    });
    open();
    await first;
    await complete();
  });

  it('who lost its plan stops, and takes only its own away', async () => {
    let open: (value?: unknown) => void = () => undefined;
    const gate = new Promise((resolve) => (open = resolve));
    const first = loadArchive(
      gated(archive(), () => gate),
      {},
      { leaseMs: 600, beatMs: 50 },
    );
    const refused = expect(first).rejects.toMatchObject({ code: 'restore/busy' });
    await waitUntil(() => planOf(second), { what: 'the plan of the first restore' });
    // Taken over, as if the first had been stopped for longer than the lease.
    await client
      .db(db)
      .collection('_hazina_restore')
      .updateOne({}, { $inc: { fence: 1 } });
    open();
    await refused;
    expect((await contentsOf(client, db)).map((name) => name.split(' ')[0])).toEqual(['_hazina_restore']);
  });
});

describe('cancelled', () => {
  it('while loading: the target is as it was', async () => {
    const abort = new AbortController();
    const options = listening(
      ({ name, command }) => name === 'insert' && String(command['insert']).startsWith('_hazina_tmp') && abort.abort(),
    );
    await expect(loadArchive(archive(), {}, { ...lease, ...options }, abort.signal)).rejects.toMatchObject({
      code: 'run/cancelled',
    });
    await untouched();
  });

  /** Documents are in the target: it reads on, and nothing comes. */
  const isLoading = async (): Promise<boolean> =>
    (await contentsOf(client, db)).some((text) => text.startsWith('_hazina_tmp') && !text.includes('(0,'));

  it.each([
    ['in its plan', async () => (await planOf(second)) !== null],
    ['among the documents', isLoading],
  ])('while the source gives nothing, %s: at once', async (_when, isReached) => {
    const abort = new AbortController();
    const loading = loadArchive(
      gated(archive(), () => new Promise(() => undefined)),
      {},
      lease,
      abort.signal,
    );
    const refused = expect(loading).rejects.toMatchObject({ code: 'run/cancelled' });
    await waitUntil(isReached, { what: 'the moment to cancel' });
    abort.abort();
    await refused;
    await untouched();
  });

  it('while renaming: it goes on to its end', async () => {
    const abort = new AbortController();
    // The names are also asked for in a plan: the abort must come from the rename itself.
    const report = await loadArchive(
      archive(),
      {},
      {
        ...lease,
        ...listening(({ name, command }) => {
          const source = String(command['renameCollection']);
          if (name === 'renameCollection' && command['to'] === `${db}.one` && !source.endsWith('_none')) abort.abort();
        }),
      },
      abort.signal,
    );
    expect(abort.signal.aborted).toBe(true);
    expect(report.outcome).toBe('restored');
    await complete();
  });
});

describe('F41 when the target goes away', () => {
  it(
    'says what stays there and how long to wait, and the next run removes it',
    async () => {
      const proxy = await startTcpProxy(testUri());
      try {
        const options = listening(
          ({ name, command }) =>
            name === 'insert' && String(command['insert']).startsWith('_hazina_tmp') && proxy.cut(),
        );
        await expect(
          loadArchive(archive(), { uri: new Secret(proxy.uri) }, { ...lease, ...options }),
        ).rejects.toMatchObject({
          code: 'target/unreachable',
          hint: expect.stringMatching(/_hazina_tmp_.* after at most \d+ s/),
        });
      } finally {
        await proxy.close();
      }
      expect(await planOf(db)).toMatchObject({ phase: 'loading' });
      await loadArchive(archive(), {}, lease);
      await complete();
    },
    patience,
  );

  it(
    'in the renames: unfinished, and the same command finishes it',
    async () => {
      const proxy = await startTcpProxy(testUri());
      try {
        const options = listening(({ name, command }) => {
          if (
            name === 'renameCollection' &&
            command['to'] === `${db}.two` &&
            !String(command['renameCollection']).endsWith('_none')
          )
            proxy.cut();
        });
        await expect(
          loadArchive(archive(), { uri: new Secret(proxy.uri) }, { ...lease, ...options }),
        ).rejects.toMatchObject({
          code: 'restore/unfinished',
          message: expect.stringContaining(`, 1 of 3 have theirs (${db}.one): `),
          details: { done: [`${db}.one`] },
          hint: expect.stringContaining('Run the same command again'),
        });
      } finally {
        await proxy.close();
      }
      await loadArchive(archive(), {}, lease);
      await complete();
    },
    patience,
  );
});

describe('when the source fails', () => {
  it('its error comes out as it is, and the target is as it was', async () => {
    const failing = gated(archive(), () => Promise.reject(new Error('the disk broke')));
    await expect(loadArchive(failing, {}, lease)).rejects.toThrow('the disk broke');
    await untouched();
  });
});
