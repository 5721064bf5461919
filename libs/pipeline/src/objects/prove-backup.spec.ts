import { beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { AppError, newBackupId, Secret, systemClock, systemRandom, type BackupJson } from '#contracts';
import { generateKey, KeyRing, parseKey, rewrapHeader } from '#crypto';
import { createMemoryStore, DelegatingStore, type ObjectStore } from '#storage';
import { dumpDouble } from '../../../../test/support/dump-double.js';
import { silentObserver } from '../deps.js';
import { openArchive } from '../open-archive.js';
import { runBackup } from '../run-backup.js';
import { runVerify } from '../run-verify.js';
import { proveBackup } from './prove-backup.js';
import { readHeaderOf } from './read-header.js';

// Backups whose headers have sidecars, good and bad ones: a bad sidecar is a warning as long as the object's own header opens.

const archive = readFileSync(new URL('../../../../test/fixtures/archives/clinic.archive', import.meta.url));
const signal = new AbortController().signal;
const newKey = () => parseKey(generateKey(systemRandom), 'KEY').key;
const [oldKey, nextKey] = [newKey(), newKey()];
const oldRing = new KeyRing({ current: [oldKey], retired: [] });
const nextRing = new KeyRing({ current: [nextKey], retired: [] });
const bothRing = new KeyRing({ current: [nextKey], retired: [oldKey] });

let store: ObjectStore;
let backup: BackupJson;
const keyOf = (name: string): string => `clinic/${backup.backupId}/1/${name}`;
const bytesOf = async (name: string): Promise<Buffer> => buffer(await store.get(keyOf(name)));
const sidecars = { data: 'header.hzn', manifest: 'manifest.header.hzn' } as const;
const objects = { data: 'data.hzn', manifest: 'manifest.hzn' } as const;
type Name = keyof typeof objects;
const names: readonly Name[] = ['data', 'manifest'];

async function makeBackup(): Promise<BackupJson> {
  const outcome = await runBackup(
    {
      store,
      ring: oldRing,
      engine: dumpDouble({ archive }),
      clock: systemClock,
      random: systemRandom,
      observer: silentObserver,
    },
    {
      backupId: newBackupId('clinic', systemClock.now(), systemRandom),
      target: 'clinic',
      attempt: 1,
      trigger: 'cli',
      dump: { uri: new Secret('unused'), databases: [], include: [], exclude: [] },
      compression: { codec: 'zstd', level: undefined },
      label: null,
      pinned: false,
      retentionDays: 30,
    },
    signal,
  );
  return outcome.backup;
}

async function rewrapped(name: Name, from = oldRing, to = nextRing): Promise<Buffer> {
  return rewrapHeader(await bytesOf(objects[name]), { from, to, kdfSalt: '00'.repeat(16), random: systemRandom });
}
const put = (name: string, bytes: Buffer) => store.putBytes(keyOf(name), bytes);
async function edit(name: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  const bytes = change(await bytesOf(name));
  await put(name, bytes);
}

interface Outcome {
  readonly error?: string;
  readonly warnings?: readonly string[];
}
/** Proves, reads to the end, and verifies: all three must agree. */
async function read(ring: KeyRing, from: ObjectStore = store): Promise<Outcome> {
  const codeOf = (error: unknown): string => (error instanceof AppError ? error.code : String(error));
  let outcome: Outcome;
  try {
    const proven = await proveBackup({ store: from, ring }, backup.backupId, signal);
    const warnings = [...proven.warnings];
    const onWarning = (text: string) => warnings.push(text);
    const plain = await buffer(openArchive({ store: from, ring }, proven, { signal, onWarning }));
    expect(plain.equals(archive)).toBe(true);
    outcome = { warnings };
  } catch (error) {
    outcome = { error: codeOf(error) };
  }
  const request = { backupId: backup.backupId, level: 'readable' } as const;
  const verified = await runVerify({ store: from, ring, observer: silentObserver }, request, signal).then(
    ({ warnings }): Outcome => ({ warnings }),
    (error: unknown): Outcome => ({ error: codeOf(error) }),
  );
  expect(verified).toEqual(outcome);
  return outcome;
}
const warnsOf = (name: Name): Outcome => ({
  warnings: [expect.stringMatching(`^${keyOf(objects[name])}: The header sidecar was not used: `) as unknown as string],
});
const verifyStored = (from: ObjectStore = store) =>
  runVerify(
    { store: from, ring: undefined, observer: silentObserver },
    { backupId: backup.backupId, level: 'stored' },
    signal,
  );

beforeEach(async () => {
  store = createMemoryStore();
  backup = await makeBackup();
});

describe('after a rotation', () => {
  beforeEach(async () => {
    for (const name of names) await put(sidecars[name], await rewrapped(name));
  });

  it('the new key alone opens the backup, and nothing is said', async () => {
    expect(await read(nextRing)).toEqual({ warnings: [] });
    expect(await read(bothRing)).toEqual({ warnings: [] });
    expect(await verifyStored()).toMatchObject({ warnings: [] });
    const { header } = (await readHeaderOf(store, backup, signal)) ?? {};
    const [{ keyId } = { keyId: '' }] = await nextRing.keyIds('00'.repeat(16));
    expect(header?.slots.map((slot) => slot.keyId)).toEqual([keyId]);
    expect((await proveBackup({ store, ring: nextRing }, backup.backupId, signal)).dataHeader).toEqual(header);
  });

  it('the old key alone opens it still, with a warning for each object', async () => {
    const outcome = await read(oldRing);
    expect(outcome.warnings).toHaveLength(2);
  });

  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ['is empty', () => Buffer.alloc(0)],
    ['is cut', (bytes) => bytes.subarray(0, 4095)],
    ['is too long', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['is far too long', (bytes) => Buffer.concat([bytes, Buffer.alloc(3_000_000)])],
    ['is something else', () => Buffer.alloc(4096)],
    ['has a flipped bit', (bytes) => flipped(bytes, 4070)],
    ['has no JSON any more', (bytes) => flipped(bytes, 12)],
  ];
  describe.each(names)('the sidecar of the %s', (name) => {
    it.each(damages)('%s: a warning while the old key is there, else an error', async (_what, damage) => {
      await edit(sidecars[name], damage);
      expect(await read(bothRing)).toEqual(warnsOf(name));
      expect(await read(nextRing)).toEqual({ error: 'container/bad-header' });
      expect((await verifyStored()).warnings.length).toBeLessThanOrEqual(1);
    });

    it('belongs to another backup', async () => {
      const mine = backup;
      backup = await makeBackup();
      const foreign = await rewrapped(name);
      backup = mine;
      await put(sidecars[name], foreign);
      expect(await read(bothRing)).toEqual(warnsOf(name));
      expect(await read(nextRing)).toEqual({ error: 'container/foreign-header' });
      expect(await verifyStored()).toMatchObject(warnsOf(name));
    });

    it.each(['data.hzn', 'manifest.hzn'])('belongs to the other object: %s', async (object) => {
      const other: Name = object === 'data.hzn' ? 'data' : 'manifest';
      await put(sidecars[name], await rewrapped(other));
      expect(await read(nextRing)).toEqual(other === name ? { warnings: [] } : { error: 'container/foreign-header' });
    });

    it('cannot be read, and never will be: a warning, else that error', async () => {
      const rotten = new (class extends DelegatingStore {
        override getBytes(key: string, most: number) {
          if (key !== keyOf(sidecars[name])) return super.getBytes(key, most);
          return Promise.reject(new AppError({ code: 'store/failed', stage: 'store', message: 'EIO' }));
        }
      })(store);
      expect(await read(bothRing, rotten)).toEqual(warnsOf(name));
      expect(await read(nextRing, rotten)).toEqual({ error: 'store/failed' });
      expect(await verifyStored(rotten)).toMatchObject(warnsOf(name));
    });

    it('cannot be read now: the error, for trying again may help', async () => {
      const away = new (class extends DelegatingStore {
        override getBytes(key: string, most: number) {
          if (key !== keyOf(sidecars[name])) return super.getBytes(key, most);
          const failure = { code: 'store/unreachable', stage: 'store', message: 'away', retry: 'retry' } as const;
          return Promise.reject(new AppError(failure));
        }
      })(store);
      expect(await read(bothRing, away)).toEqual({ error: 'store/unreachable' });
    });
  });

  it('a damaged sidecar does not hide the header from those who hold no key', async () => {
    await edit(sidecars.data, (bytes) => flipped(bytes, 12));
    const read = await readHeaderOf(store, backup, signal);
    expect(read?.header.backupId).toBe(backup.backupId);
    expect(read?.warnings).toEqual([expect.stringContaining('The header sidecar was not used')]);
  });

  it('neither header can be read: there is none to show', async () => {
    await edit(sidecars.data, (bytes) => flipped(bytes, 12));
    await edit('data.hzn', (bytes) => flipped(bytes, 12));
    expect(await readHeaderOf(store, backup, signal)).toBeNull();
    await store.delete(keyOf('data.hzn'));
    expect(await readHeaderOf(store, backup, signal)).toBeNull();
  });

  describe.each(names)('the header inside the %s is damaged', (name) => {
    const damages: [string, (bytes: Buffer) => Buffer][] = [
      ['all of it', (bytes) => Buffer.concat([Buffer.alloc(4096), bytes.subarray(4096)])],
      ['its magic', (bytes) => flipped(bytes, 3)],
      ['its JSON', (bytes) => flipped(bytes, 12)],
      ['its padding', (bytes) => flipped(bytes, 4000)],
      ['its MAC', (bytes) => flipped(bytes, 4070)],
    ];
    it.each(damages)('%s: the sidecar stands in for it, and the operator hears of it', async (_what, damage) => {
      await edit(objects[name], damage);
      const { error, warnings = [] } = await read(nextRing);
      expect(error).toBeUndefined();
      expect(warnings.join()).toContain(`${objects[name]} of ${backup.backupId}: the header inside it is damaged`);
      // Its bytes are not those that were stored: a look at them says so.
      await expect(verifyStored()).rejects.toMatchObject({ code: 'backup/mismatch' });
      // Without the sidecar nothing stands in for it.
      await store.delete(keyOf(sidecars[name]));
      expect((await read(bothRing)).error).toMatch(/^container\/(bad-header|not-a-container)$/);
    });

    it('and its payload, too: that is no warning', async () => {
      await edit(objects[name], (bytes) => flipped(flipped(bytes, 4070), 4200));
      expect(await read(nextRing)).toEqual({ error: 'container/corrupt' });
    });
  });
});

describe('what a header says is compared with backup.json before anything is read', () => {
  it('also where only the sidecar can be read', async () => {
    // Another container in the object's place, its own header made unreadable, and its genuine sidecar beside it.
    const mine = backup;
    backup = await makeBackup();
    const other = { data: await bytesOf('data.hzn'), sidecar: await rewrapped('data') };
    backup = mine;
    const size = backup.objects.data.bytes;
    const unreadable = Buffer.concat([Buffer.alloc(4096), other.data.subarray(4096)]).subarray(0, size);
    await put('data.hzn', Buffer.concat([unreadable, Buffer.alloc(size - unreadable.length)]));
    await put(sidecars.data, other.sidecar);
    await expect(proveBackup({ store, ring: nextRing }, backup.backupId, signal)).rejects.toMatchObject({
      code: expect.stringMatching(/^(backup\/mismatch|container\/(not-the-one-asked-for|no-key))$/) as unknown,
    });
  });

  const edited = async (change: (plain: Record<string, unknown> & BackupJson) => unknown): Promise<void> => {
    await store.putBytes(`clinic/${backup.backupId}/backup.json`, Buffer.from(JSON.stringify(change({ ...backup }))));
  };

  it.each<[string, () => Promise<unknown>, string]>([
    ['an object is gone', () => store.delete(keyOf('data.hzn')), 'backup/missing'],
    ['the manifest is gone', () => store.delete(keyOf('manifest.hzn')), 'backup/missing'],
    ['an object was cut', () => edit('data.hzn', (bytes) => bytes.subarray(0, -1)), 'backup/mismatch'],
    ['an object has grown', () => edit('data.hzn', (bytes) => Buffer.concat([bytes, bytes])), 'backup/mismatch'],
    ['an object is empty', () => put('data.hzn', Buffer.alloc(0)), 'backup/mismatch'],
    [
      'the compression differs',
      () => edited((plain) => ({ ...plain, content: { ...plain.content, compression: 'gzip' } })),
      'backup/mismatch',
    ],
    ['the attempt differs', () => edited((plain) => ({ ...plain, attempt: 2 })), 'backup/mismatch'],
    [
      'a fileId differs',
      () =>
        edited((plain) => ({
          ...plain,
          objects: { ...plain.objects, data: { ...plain.objects.data, fileId: '00'.repeat(16) } },
        })),
      'backup/mismatch',
    ],
    [
      'the objects changed places',
      () => edited((plain) => ({ ...plain, objects: { data: plain.objects.manifest, manifest: plain.objects.data } })),
      'backup/mismatch',
    ],
    [
      'the SHA-256 of the manifest differs',
      () =>
        edited((plain) => ({
          ...plain,
          objects: { ...plain.objects, manifest: { ...plain.objects.manifest, sha256: '00'.repeat(32) } },
        })),
      'backup/mismatch',
    ],
    [
      'a manifest of more than a gigabyte',
      () =>
        edited((plain) => ({
          ...plain,
          objects: { ...plain.objects, manifest: { ...plain.objects.manifest, bytes: 2 ** 31 } },
        })),
      'backup/mismatch',
    ],
  ])('%s', async (_what, change, code) => {
    await change();
    expect(await read(bothRing)).toEqual({ error: code });
  });

  it('an object of a later version can be verified as stored, with a warning, and not be read', async () => {
    await edit('data.hzn', (bytes) => {
      const out = Buffer.from(bytes);
      out.write('{"v":2', 12);
      return out;
    });
    const sha256 = createHash('sha256')
      .update(await bytesOf('data.hzn'))
      .digest('hex');
    await edited((plain) => ({ ...plain, objects: { ...plain.objects, data: { ...plain.objects.data, sha256 } } }));
    expect((await verifyStored()).warnings).toEqual([expect.stringContaining('version 2')]);
    expect(await readHeaderOf(store, backup, signal)).toBeNull();
  });

  it('a key that opens the manifest, but not the data, is told before anything is read', async () => {
    await put(sidecars.manifest, await rewrapped('manifest'));
    await expect(proveBackup({ store, ring: nextRing }, backup.backupId, signal)).rejects.toMatchObject({
      code: 'container/no-key',
    });
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const out = Buffer.from(bytes);
  out[at] = (out[at] ?? 0) ^ 1;
  return out;
}
