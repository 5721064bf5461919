import { afterAll, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { AppError, systemClock, systemRandom } from '#contracts';
import { checkStore } from './check-store.js';
import { FilesystemStore } from './filesystem/filesystem.store.js';
import { MemoryStore } from './memory/memory.store.js';
import type { ObjectStore } from './object-store.js';
import { resumingGet } from './resuming-get.js';
import { describeObjectStore } from './testing/conformance.js';
import { DelegatingStore } from './wrappers/delegating.store.js';
import { PrefixedStore } from './wrappers/prefixed.store.js';
import { RetryingStore } from './wrappers/retrying.store.js';

const folder = mkdtempSync(join(tmpdir(), 'hazina-stores-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const largeBytes = 3_000_000;

describeObjectStore('a folder', {
  open: () => Promise.resolve(new FilesystemStore(join(folder, 'plain'))),
  largeBytes,
});
describeObjectStore('memory', { open: () => Promise.resolve(new MemoryStore()), largeBytes });
describeObjectStore('a part of a store', {
  open: () => Promise.resolve(new PrefixedStore(new FilesystemStore(join(folder, 'prefixed')), 'x/y/')),
  largeBytes,
});
describeObjectStore('a retrying store', {
  open: () => Promise.resolve(new RetryingStore(new MemoryStore(), { attempts: 3, pauseMs: 1 })),
  largeBytes,
});

describe('a folder', () => {
  it('keeps folders and files private', async () => {
    await new FilesystemStore(join(folder, 'private')).putBytes('a/b', Buffer.from('x'));
    expect(statSync(join(folder, 'private', 'a')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'private', 'a', 'b')).mode & 0o777).toBe(0o600);
  });

  it('shows a temporary file of a killed process as an open upload, and removes it', async () => {
    const root = join(folder, 'killed');
    const store = new FilesystemStore(root);
    await store.putBytes('t/1/data.hzn', Buffer.from('x'));
    writeFileSync(join(root, 't/1/.manifest.hzn.abcd1234.tmp'), 'half');
    const uploads: { key: string }[] = [];
    for await (const upload of store.listUploads('t/')) uploads.push(upload);
    expect(uploads).toMatchObject([{ key: 't/1/manifest.hzn', uploadId: '.manifest.hzn.abcd1234.tmp' }]);
    for (const upload of uploads) await store.abortUpload(upload as never);
    expect(readdirSync(join(root, 't/1'))).toEqual(['data.hzn']);
  });

  it('knows its free bytes before it is there', async () => {
    const { bavail, bsize } = statfsSync(folder);
    const free = await new FilesystemStore(join(folder, 'not', 'there', 'yet')).freeBytes();
    expect(Math.abs(free - bavail * bsize)).toBeLessThan(1024 ** 3);
    expect(await new MemoryStore().freeBytes()).toBeNull();
  });

  it('does not read or write through a symbolic link', async () => {
    const root = join(folder, 'linked');
    const store = new FilesystemStore(root);
    await store.putBytes('a/x', Buffer.from('x'));
    symlinkSync('/etc/passwd', join(root, 'a', 'link'));
    expect(await store.head('a/link')).toBeNull();
    await expect(store.get('a/link')).rejects.toMatchObject({ code: 'store/no-object' });
  });

  it('says what is wrong when a file stands where the folder should be', async () => {
    writeFileSync(join(folder, 'file'), '');
    const store = new FilesystemStore(join(folder, 'file'));
    await expect(store.putBytes('a/b', Buffer.from('x'))).rejects.toMatchObject({
      code: 'store/refused',
      hint: expect.stringContaining('folder') as unknown,
    });
  });

  it('a folder that cannot be read is an error, not an empty store', async () => {
    if (process.getuid?.() === 0) return;
    const root = join(folder, 'closed');
    const store = new FilesystemStore(root);
    await store.putBytes('a/b', Buffer.from('x'));
    chmodSync(root, 0);
    await expect(store.listFolders('')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'store/refused' });
    chmodSync(root, 0o700);
  });
});

describe('checkStore', () => {
  it('finds a good store good, and leaves nothing behind', async () => {
    const store = new FilesystemStore(join(folder, 'checked'));
    const findings = await checkStore(store, {
      clock: systemClock,
      random: systemRandom,
      signal: new AbortController().signal,
    });
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      'put',
      'head',
      'get',
      'get a range',
      'list',
      'multipart',
      'conditional write',
      'versions and locks',
      'clock',
      'latency',
      'delete',
    ]);
    expect(readdirSync(join(folder, 'checked'))).toEqual([]);
  });

  it('doubts a store that is far away', async () => {
    let now = 0;
    class Far extends DelegatingStore {
      override head(...args: Parameters<ObjectStore['head']>): ReturnType<ObjectStore['head']> {
        now += 200;
        return super.head(...args);
      }
    }
    const findings = await checkStore(new Far(new MemoryStore()), {
      clock: { now: () => new Date(), monotonicMs: () => now },
      random: systemRandom,
      signal: new AbortController().signal,
    });
    const latency = findings.find(({ check }) => check === 'latency');
    expect(latency).toMatchObject({ ok: true, doubtful: true, detail: '200 ms a request (median)' });
    expect(latency?.hint).toContain('region');
  });

  it('finds a store that gives back other bytes, loses objects from listings, or has another time', async () => {
    class Lying extends DelegatingStore {
      override getBytes(): Promise<{ bytes: Buffer; etag: string }> {
        return Promise.resolve({ bytes: Buffer.alloc(1000), etag: '' });
      }
      override async *list(): AsyncGenerator<never> {
        yield* await Promise.resolve([]);
      }
      override serverTime(): Promise<Date> {
        return Promise.resolve(new Date(Date.now() + 3_600_000));
      }
    }
    const findings = await checkStore(new Lying(new MemoryStore()), {
      clock: systemClock,
      random: systemRandom,
      signal: new AbortController().signal,
    });
    expect(findings.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual(['get', 'list', 'clock']);
  });
});

describe('retries', () => {
  const failure = (retry: 'retry' | 'no-retry') =>
    new AppError({ code: 'store/unreachable', stage: 'store', message: 'as told', retry });
  class Failing extends DelegatingStore {
    calls = 0;
    constructor(
      inner: ObjectStore,
      private readonly failures: number,
      private readonly retry: 'retry' | 'no-retry',
    ) {
      super(inner);
    }
    override head(key: string): ReturnType<ObjectStore['head']> {
      this.calls += 1;
      return this.calls <= this.failures ? Promise.reject(failure(this.retry)) : super.head(key);
    }
  }

  it.each([
    [2, 'retry', 3, true],
    [3, 'retry', 3, false],
    [1, 'no-retry', 1, false],
  ] as const)('%i failures of class %s: %i calls', async (failures, retry, calls, succeeds) => {
    const inner = new Failing(new MemoryStore(), failures, retry);
    const head = new RetryingStore(inner, { attempts: 3, pauseMs: 1 }).head('a');
    if (succeeds) await expect(head).resolves.toBeNull();
    else await expect(head).rejects.toMatchObject({ code: 'store/unreachable' });
    expect(inner.calls).toBe(calls);
  });

  it('an abort ends the pause', async () => {
    const abort = new AbortController();
    const call = new RetryingStore(new Failing(new MemoryStore(), 9, 'retry'), {
      attempts: 9,
      pauseMs: 1_000_000,
    }).head('a', abort.signal);
    setImmediate(() => abort.abort());
    await expect(call).rejects.toMatchObject({ code: 'run/cancelled' });
  });
});

describe('resumingGet', () => {
  const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, at) => at % 251));
  class Dropping extends DelegatingStore {
    asked: number[] = [];
    constructor(
      inner: ObjectStore,
      private readonly perCall: number,
    ) {
      super(inner);
    }
    override async get(key: string, range = { start: 0 }): Promise<Readable> {
      this.asked.push(range.start);
      const inner = await buffer(await super.get(key, range));
      const give = inner.subarray(0, this.perCall);
      return Readable.from(
        (async function* () {
          if (give.length > 0) yield await Promise.resolve(give);
          if (give.length < inner.length)
            throw new AppError({
              code: 'store/unreachable',
              stage: 'store',
              message: 'dropped as told',
              retry: 'retry',
            });
        })(),
        { objectMode: false },
      );
    }
  }
  const filled = async (perCall: number) => {
    const memory = new MemoryStore();
    await memory.putBytes('x', bytes);
    return new Dropping(memory, perCall);
  };

  it('goes on where a connection broke off, and gives every byte once', async () => {
    const store = await filled(3000);
    expect((await buffer(resumingGet(store, 'x', { bytes: bytes.length, pauseMs: 1 }))).equals(bytes)).toBe(true);
    expect(store.asked).toEqual([0, 3000, 6000, 9000]);
  });

  it('gives up when nothing comes any more', async () => {
    const store = await filled(0);
    await expect(
      buffer(resumingGet(store, 'x', { bytes: bytes.length, attempts: 3, pauseMs: 1 })),
    ).rejects.toMatchObject({ code: 'store/unreachable' });
    expect(store.asked).toEqual([0, 0, 0]);
  });
});
