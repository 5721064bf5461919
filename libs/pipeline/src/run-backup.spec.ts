import { beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { AppError, newBackupId, Secret, systemClock, systemRandom, type Compression } from '#contracts';
import { generateKey, KeyRing, parseKey } from '#crypto';
import { createMemoryStore, type ObjectStore } from '#storage';
import { dumpDouble, type DumpDoubleOptions } from '../../../test/support/dump-double.js';
import { silentObserver } from './deps.js';
import { openArchive } from './open-archive.js';
import { proveBackup } from './objects/prove-backup.js';
import type { BackupDeps, BackupRequest } from './backup-types.js';
import { runBackup } from './run-backup.js';
import { runVerify } from './run-verify.js';

const archive = readFileSync(new URL('../../../test/fixtures/archives/clinic.archive', import.meta.url));
const ring = new KeyRing({ current: [parseKey(generateKey(systemRandom), 'test').key], retired: [] });
const signal = new AbortController().signal;

const request = (codec: Compression = 'zstd'): BackupRequest => ({
  backupId: newBackupId('clinic', systemClock.now(), systemRandom),
  target: 'clinic',
  attempt: 1,
  trigger: 'cli',
  dump: { uri: new Secret('unused'), databases: [], include: [], exclude: [] },
  compression: { codec, level: undefined },
  label: null,
  pinned: false,
  retentionDays: 30,
});
const deps = (store: ObjectStore, options: Partial<DumpDoubleOptions> = {}): BackupDeps => ({
  store,
  ring,
  engine: dumpDouble({ archive, ...options }),
  clock: systemClock,
  random: systemRandom,
  observer: silentObserver,
});

/** Everything in the store but its identity. */
async function contents(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) if (key !== 'hazina.json') keys.push(key);
  for await (const { key } of store.listUploads('')) keys.push(`upload of ${key}`);
  return keys;
}

/** A store of which some calls are replaced. */
function withCalls(store: ObjectStore, calls: Partial<ObjectStore>): ObjectStore {
  return new Proxy(store, {
    get(target, name, receiver) {
      const replaced: unknown = Reflect.get(calls, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name, receiver);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe.each(['zstd', 'gzip', 'none'] as const)('runBackup with %s', (codec) => {
  it('leaves data, manifest and commit mark, which prove each other and give the archive back', async () => {
    const store = createMemoryStore();
    const asked = request(codec);
    const { backup, warnings } = await runBackup(deps(store, { warnings: ['empty: of pride'] }), asked, signal);
    const folder = `clinic/${asked.backupId}`;
    expect((await contents(store)).sort()).toEqual([
      `${folder}/1/data.hzn`,
      `${folder}/1/manifest.hzn`,
      `${folder}/backup.json`,
    ]);
    expect(warnings).toEqual(['empty: of pride']);
    expect(backup).toMatchObject({
      databases: ['fx_clinic'],
      totals: { collections: 7, documents: 2981, archiveBytes: archive.length },
    });

    const proven = await proveBackup({ store, ring }, asked.backupId, signal);
    expect(proven.manifest.warnings).toEqual(['empty: of pride']);
    const plain = await buffer(openArchive({ store, ring }, proven, { signal }));
    expect(plain.equals(archive)).toBe(true);
    const sealed = await buffer(await store.get(`${folder}/1/data.hzn`));
    expect(createHash('sha256').update(sealed).digest('hex')).toBe(backup.objects.data.sha256);
    expect(sealed.includes('Nairobi')).toBe(false);
    for (const level of ['stored', 'readable'] as const) {
      const verified = await runVerify(
        { store, ring, observer: silentObserver },
        { backupId: asked.backupId, level },
        signal,
      );
      expect(verified.storedBytes).toBe(backup.objects.data.bytes + backup.objects.manifest.bytes);
    }
  });
});

describe('a manifest', () => {
  it.each([
    [7, (at: string) => new Date(Date.parse(at) + 7 * 86_400_000).toISOString()],
    [0, () => null],
  ])('tells when it ends by its age, if it does: %i days', async (retentionDays, expected) => {
    const { backup } = await runBackup(deps(createMemoryStore()), { ...request(), retentionDays }, signal);
    expect(backup.expiresAt).toBe(expected(backup.completedAt));
  });

  it('indexes the archive: frames add up to it, and every block begins with its namespace', async () => {
    const store = createMemoryStore();
    const asked = request();
    await runBackup(deps(store), asked, signal);
    const { manifest } = await proveBackup({ store, ring }, asked.backupId, signal);
    expect(manifest.frames?.reduce((sum, [plain]) => sum + plain, 0)).toBe(archive.length);
    expect(manifest.frames?.reduce((sum, [, packed]) => sum + packed, 0)).toBe(manifest.totals.compressedBytes);
    const collections = new Set(manifest.blocks?.map(([namespace]) => namespace));
    expect(collections.size).toBe(7);
    for (const [namespace, offset, bytes] of manifest.blocks ?? []) {
      const { db = '', collection = '' } = manifest.namespaces[namespace] ?? {};
      const head = archive.subarray(offset, offset + 200);
      expect(head.includes(`${db}\0`) && head.includes(`${collection}\0`)).toBe(true);
      expect(archive.subarray(offset + bytes - 4, offset + bytes)).toEqual(Buffer.alloc(4, 0xff));
    }
  });
});

describe('a backup that fails leaves nothing behind', () => {
  const cases: [string, Partial<DumpDoubleOptions>, string][] = [
    ['the engine fails in the middle', { misbehaviour: 'fails', after: 100_000 }, 'engine/failed'],
    ['the engine fails after all bytes', { misbehaviour: 'fails-after-all-bytes' }, 'engine/failed'],
    ['the engine ends early and says nothing', { misbehaviour: 'ends-early', after: 100_000 }, 'engine/failed'],
    ['the last end block is missing', { misbehaviour: 'ends-early', after: archive.length - 60 }, 'engine/failed'],
    ['the engine gives nothing', { misbehaviour: 'ends-early', after: 0 }, 'engine/failed'],
    ['the archive is damaged', { archive: Buffer.from(archive).fill(1, 90_000, 90_010) }, 'engine/failed'],
  ];
  it.each(cases)('%s', async (_name, options, code) => {
    const store = createMemoryStore();
    const sut = deps(store, options);
    await expect(runBackup(sut, request(), signal)).rejects.toMatchObject({ code });
    expect(await contents(store)).toEqual([]);
  });

  it('the store fails in the middle: its error is the error, and the dump is let go', async () => {
    const full = new AppError({ code: 'store/full', stage: 'store', message: 'no room', hint: 'make some' });
    const store = withCalls(createMemoryStore(), {
      put: async (_key: string, body: Readable) => {
        let seen = 0;
        for await (const chunk of body) if ((seen += (chunk as Buffer).length) > 4_000) throw full;
        throw new Error('not reached');
      },
    });
    const engine = dumpDouble({ archive, misbehaviour: 'hangs', after: archive.length - 1 });
    await expect(runBackup({ ...deps(store), engine }, request('none'), signal)).rejects.toBe(full);
    expect(engine.destroyed()).toBe(true);
    expect(await contents(store)).toEqual([]);
  });

  it('an abort in the middle', async () => {
    const store = createMemoryStore();
    const abort = new AbortController();
    const sut = { ...deps(store, { misbehaviour: 'hangs', after: 300_000 }) };
    const run = runBackup(
      { ...sut, observer: { ...silentObserver, progress: ({ storedBytes = 0 }) => storedBytes > 0 && abort.abort() } },
      request('none'),
      abort.signal,
    );
    await expect(run).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(await contents(store)).toEqual([]);
  });

  it('the store says that it has fewer bytes than were sent', async () => {
    const memory = createMemoryStore();
    const store = withCalls(memory, {
      head: async (key: string) => {
        const head = await memory.head(key);
        return head !== null && key.endsWith('data.hzn') ? { ...head, bytes: head.bytes - 1 } : head;
      },
    });
    await expect(runBackup(deps(store), request(), signal)).rejects.toMatchObject({ code: 'store/failed' });
    expect(await contents(memory)).toEqual([]);
  });
});

describe('the commit', () => {
  const lost = new AppError({
    code: 'store/unreachable',
    stage: 'store',
    message: 'the reply was lost',
    retry: 'retry',
  });
  let memory: ObjectStore;
  const putting = (action: (key: string, bytes: Uint8Array) => Promise<never>) =>
    withCalls(memory, {
      putBytes: (key, bytes, options) =>
        key.endsWith('/backup.json') ? action(key, bytes) : memory.putBytes(key, bytes, options),
    });
  beforeAll(() => {
    memory = createMemoryStore();
  });

  it('stands when the PUT was applied and only its reply lost', async () => {
    const store = putting(async (key, bytes) => {
      await memory.putBytes(key, bytes);
      throw lost;
    });
    const asked = request();
    const { backup } = await runBackup(deps(store), asked, signal);
    expect(backup.backupId).toBe(asked.backupId);
  });

  it('failed when nothing stands afterwards: all is removed', async () => {
    memory = createMemoryStore();
    const store = putting(() => Promise.reject(lost));
    await expect(runBackup(deps(store), request(), signal)).rejects.toBe(lost);
    expect(await contents(memory)).toEqual([]);
  });

  it('is a conflict when other bytes stand there: nothing is removed', async () => {
    memory = createMemoryStore();
    const store = putting(async (key) => {
      await memory.putBytes(key, Buffer.from('{}'));
      throw lost;
    });
    await expect(runBackup(deps(store), request(), signal)).rejects.toMatchObject({ code: 'commit/conflict' });
    expect(await contents(memory)).toHaveLength(4);
  });

  it('is unknown when the store cannot be asked: nothing is removed, and the error says so', async () => {
    memory = createMemoryStore();
    const store = withCalls(
      putting(() => Promise.reject(lost)),
      {
        getBytes: (key, most) => (key.endsWith('/backup.json') ? unanswered(key) : memory.getBytes(key, most)),
      },
    );
    let asked = 0;
    function unanswered(key: string): Promise<never> {
      asked += 1;
      return Promise.reject(
        asked === 1 ? new AppError({ code: 'store/no-object', stage: 'store', message: key }) : lost,
      );
    }
    await expect(runBackup(deps(store), request(), signal)).rejects.toMatchObject({
      code: 'store/unreachable',
      details: { outcomeUnknown: true },
    });
    expect((await contents(memory)).filter((key) => key.endsWith('.hzn'))).toHaveLength(2);
  });

  it('is refused when the backup is committed already', async () => {
    const store = createMemoryStore();
    const asked = request();
    await runBackup(deps(store), asked, signal);
    await expect(runBackup(deps(store), asked, signal)).rejects.toMatchObject({ code: 'commit/conflict' });
    expect(await contents(store)).toHaveLength(3);
  });
});
