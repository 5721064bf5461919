import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { AppError } from '#contracts';
import type { ObjectStore } from '../object-store.js';

export interface ConformanceOptions {
  readonly open: () => Promise<ObjectStore>;
  /** Called after the suite. */
  readonly clean?: () => Promise<void>;
  /** More than one part of an upload. */
  readonly largeBytes: number;
}

/** The suite that every adapter passes: the contract of `ObjectStore`, sentence by sentence. */
export function describeObjectStore(name: string, options: ConformanceOptions): void {
  describe(`${name} keeps the contract of ObjectStore`, () => {
    let store: ObjectStore;
    beforeAll(async () => {
      store = await options.open();
    });
    afterAll(async () => {
      await store.close();
      await options.clean?.();
    });
    const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
      const all: T[] = [];
      for await (const item of items) all.push(item);
      return all;
    };
    const keysBelow = async (prefix: string) => (await collect(store.list(prefix))).map(({ key }) => key);
    const uploadsBelow = (prefix: string) => collect(store.listUploads(prefix));
    const stream = (...chunks: Buffer[]) => Readable.from(chunks, { objectMode: false });
    const read = async (key: string, range?: { start: number; end?: number }) => buffer(await store.get(key, range));

    it('gives back what was put, whole and by range', async () => {
      const bytes = Buffer.from('0123456789');
      const { etag } = await store.putBytes('a/small', bytes);
      expect(await store.head('a/small')).toMatchObject({ bytes: 10, etag });
      expect((await store.getBytes('a/small', 100)).bytes).toEqual(bytes);
      expect(await read('a/small')).toEqual(bytes);
      expect((await read('a/small', { start: 3, end: 7 })).toString()).toBe('3456');
      expect((await read('a/small', { start: 9 })).toString()).toBe('9');
      expect(await read('a/small', { start: 10 })).toHaveLength(0);
    });

    it('takes a stream of no bytes, of one part, and of many', async () => {
      const large = Buffer.alloc(options.largeBytes, 'large');
      const pieces = Array.from({ length: Math.ceil(large.length / 700_001) }, (_, at) =>
        large.subarray(at * 700_001, (at + 1) * 700_001),
      );
      for (const [key, chunks, bytes] of [
        ['b/empty', [], 0],
        ['b/one', [Buffer.from('one')], 3],
        ['b/large', pieces, large.length],
      ] as const) {
        expect(await store.put(key, stream(...chunks), {})).toMatchObject({ bytes });
        expect(await store.head(key)).toMatchObject({ bytes });
        expect((await read(key)).equals(Buffer.concat(chunks))).toBe(true);
      }
      expect(await uploadsBelow('b/')).toEqual([]);
    }, 60_000);

    it('says null, store/no-object or nothing of what is not there', async () => {
      expect(await store.head('no/such')).toBeNull();
      await expect(store.get('no/such')).rejects.toMatchObject({ code: 'store/no-object' });
      await expect(store.getBytes('no/such', 10)).rejects.toMatchObject({ code: 'store/no-object' });
      await expect(store.delete('no/such')).resolves.toBeUndefined();
      expect(await keysBelow('no/')).toEqual([]);
      expect(await collect(store.listFolders('no/'))).toEqual([]);
    });

    it('refuses to read more than was allowed into memory', async () => {
      await store.putBytes('c/eleven', Buffer.alloc(11));
      await expect(store.getBytes('c/eleven', 10)).rejects.toMatchObject({ code: 'store/unsupported' });
    });

    it.each([1, 900_000, options.largeBytes - 1])(
      'a source that fails after %i bytes leaves nothing, and its error is the error',
      async (bytes) => {
        const cause = new AppError({
          code: 'engine/failed',
          stage: 'dump',
          message: 'the source failed as told',
          hint: 'none',
        });
        const source = Readable.from(
          (async function* () {
            for (let at = 0; at < bytes; at += 300_000) yield Buffer.alloc(Math.min(300_000, bytes - at));
            throw await Promise.resolve(cause);
          })(),
          { objectMode: false },
        );
        await expect(store.put('d/failed', source, {})).rejects.toBe(cause);
        expect(await keysBelow('d/')).toEqual([]);
        expect(await uploadsBelow('d/')).toEqual([]);
      },
      60_000,
    );

    it('an aborted put leaves nothing', async () => {
      const abort = new AbortController();
      const source = Readable.from(
        (async function* () {
          yield Buffer.alloc(options.largeBytes);
          abort.abort();
          yield await Promise.resolve(Buffer.alloc(1));
        })(),
        { objectMode: false },
      );
      await expect(store.put('e/aborted', source, { signal: abort.signal })).rejects.toMatchObject({
        code: 'run/cancelled',
      });
      expect(await keysBelow('e/')).toEqual([]);
      expect(await uploadsBelow('e/')).toEqual([]);
    }, 60_000);

    it('overwrites, unless it is told not to', async () => {
      await store.putBytes('f/x', Buffer.from('1'));
      await store.putBytes('f/x', Buffer.from('2'));
      expect((await store.getBytes('f/x', 10)).bytes.toString()).toBe('2');
      const { conditionalCreate } = await store.abilities();
      if (!conditionalCreate) return;
      await expect(store.putBytes('f/x', Buffer.from('3'), { ifNoneMatch: true })).rejects.toMatchObject({
        code: 'store/exists',
      });
      await expect(store.put('f/x', stream(Buffer.from('4')), { ifNoneMatch: true })).rejects.toMatchObject({
        code: 'store/exists',
      });
      await expect(
        store.put('f/x', stream(Buffer.alloc(options.largeBytes)), { ifNoneMatch: true }),
      ).rejects.toMatchObject({ code: 'store/exists' });
      expect((await store.getBytes('f/x', 10)).bytes.toString()).toBe('2');
      expect(await uploadsBelow('f/')).toEqual([]);
    }, 60_000);

    it('replaces only the version that it is told', async () => {
      const { conditionalReplace } = await store.abilities();
      if (!conditionalReplace) return;
      const first = await store.putBytes('g/x', Buffer.from('1'));
      await store.putBytes('g/x', Buffer.from('22'), { ifMatch: first.etag });
      await expect(store.putBytes('g/x', Buffer.from('333'), { ifMatch: first.etag })).rejects.toMatchObject({
        code: 'store/precondition-failed',
      });
      expect((await store.getBytes('g/x', 10)).bytes.toString()).toBe('22');
    });

    it('reads only the version that it is told, whole or in part', async () => {
      const first = await store.putBytes('g/read', Buffer.from('first'));
      const range = { start: 1, end: 3, ifMatch: first.etag };
      expect((await buffer(await store.get('g/read', range))).toString()).toBe('ir');
      expect((await store.head('g/read'))?.etag).toBe(first.etag);
      await store.putBytes('g/read', Buffer.from('other'));
      for (const part of [range, { start: 0, ifMatch: first.etag }])
        await expect(store.get('g/read', part).then(buffer)).rejects.toMatchObject({
          code: 'store/precondition-failed',
        });
    });

    it('lists in key order, by any prefix, and folders one level down', async () => {
      const keys = ['h/a/1', 'h/a.b', 'h/a0', 'h/b/c/d', 'h/b/c.json', 'h/z'];
      for (const key of keys) await store.putBytes(key, Buffer.from(key));
      expect(await keysBelow('h/')).toEqual([...keys].sort());
      expect(await keysBelow('h/a')).toEqual(['h/a.b', 'h/a/1', 'h/a0']);
      expect(await keysBelow('h/b/c')).toEqual(['h/b/c.json', 'h/b/c/d']);
      expect((await collect(store.list('h/a/'))).map(({ bytes }) => bytes)).toEqual([5]);
      expect(await collect(store.listFolders('h/'))).toEqual(['a', 'b']);
      expect(await collect(store.listFolders('h/b/'))).toEqual(['c']);
      expect(await collect(store.listFolders(''))).toContain('h');
    });

    it('lists more than one page', async () => {
      const keys = Array.from({ length: 1005 }, (_, at) => `many/${String(at).padStart(5, '0')}`);
      for (let at = 0; at < keys.length; at += 50)
        await Promise.all(keys.slice(at, at + 50).map((key) => store.putBytes(key, Buffer.from('x'))));
      expect(await keysBelow('many/')).toEqual(keys);
    }, 60_000);

    it('deletes', async () => {
      await store.putBytes('i/j/x', Buffer.from('1'));
      await store.delete('i/j/x');
      expect(await store.head('i/j/x')).toBeNull();
      expect(await collect(store.listFolders('i/'))).toEqual([]);
    });

    it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a/./b', '.', 'a\nb', 'a b', 'ä', 'a\\b'])(
      'refuses the key %j',
      async (key) => {
        await expect(store.putBytes(key, Buffer.alloc(1))).rejects.toMatchObject({ code: 'store/unsupported' });
        await expect(async () => store.head(key)).rejects.toMatchObject({ code: 'store/unsupported' });
      },
    );

    it('an aborted signal ends a call before it begins', async () => {
      const signal = AbortSignal.abort();
      await expect(store.putBytes('k/x', Buffer.alloc(1), { signal })).rejects.toMatchObject({ code: 'run/cancelled' });
      await expect(store.get('a/small', undefined, signal)).rejects.toMatchObject({ code: 'run/cancelled' });
      expect(await keysBelow('k/')).toEqual([]);
    });

    it('tells its free bytes, or that nobody knows', async () => {
      const free = await store.freeBytes();
      if (free !== null) expect(free).toBeGreaterThan(0);
    });

    it('leaves nothing of its probes', async () => {
      await store.abilities();
      expect(await keysBelow('_hazina/')).toEqual([]);
    });
  });
}
