import { beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createMemoryStore } from '#storage';
import { describeObjectStore } from '../../libs/storage/src/testing/conformance.js';
import { FaultyStore, storeBroke } from './faulty-store.js';
import { Gate } from './gate.js';
import { waitUntil } from '../services/wait-until.js';

describeObjectStore('a faulty store without a fault', {
  open: () => Promise.resolve(new FaultyStore(createMemoryStore())),
  largeBytes: 1_000_000,
});

describe('a faulty store', () => {
  let store: FaultyStore;
  const text = Buffer.from('jambo');
  const body = (bytes = text) => Readable.from([bytes], { objectMode: false });
  const names = async (prefix = '') => {
    const keys: string[] = [];
    for await (const { key } of store.list(prefix)) keys.push(key);
    return keys;
  };
  beforeEach(async () => {
    store = new FaultyStore(createMemoryStore());
    await store.putBytes('a/x', text);
    await store.putBytes('a/y', text);
  });

  it('fails as often as it was told, from the call that it was told', async () => {
    const rule = store.on('head', { kind: 'fail' }, { key: /x$/, skip: 1, times: 2 });
    await store.head('a/y');
    expect(await store.head('a/x')).not.toBeNull();
    await expect(store.head('a/x')).rejects.toBe(storeBroke);
    await expect(store.head('a/x')).rejects.toBe(storeBroke);
    expect(await store.head('a/x')).not.toBeNull();
    expect(rule.struck).toBe(2);
    expect(store.calls.filter((call) => call === 'head a/x')).toHaveLength(4);
  });

  it('does what it was asked and loses the reply', async () => {
    store.on('putBytes', { kind: 'lose-reply' });
    await expect(store.putBytes('a/z', text)).rejects.toBe(storeBroke);
    expect(await store.head('a/z')).toMatchObject({ bytes: 5 });
  });

  it('waits at a gate, and an abort ends the wait', async () => {
    const gate = new Gate();
    const rule = store.on('delete', { kind: 'wait', gate });
    const deleted = store.delete('a/x');
    await waitUntil(() => gate.arrivals === 1, { what: 'the call' });
    expect(await store.head('a/x')).not.toBeNull();
    gate.open();
    await deleted;
    expect(await store.head('a/x')).toBeNull();
    rule.end();

    const never = new Gate();
    store.on('put', { kind: 'wait', gate: never });
    const abort = new AbortController();
    const source = body();
    const put = store.put('a/z', source, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(put).rejects.toThrow('enough');
    expect(source.destroyed).toBe(true);
  });

  it.each([undefined, storeBroke])('cuts streams of both directions (error: %s)', async (error) => {
    const fault = { kind: 'cut', after: 3, ...(error === undefined ? {} : { error }) } as const;
    store.on('get', fault);
    store.on('put', fault);
    const read = buffer(await store.get('a/x'));
    const put = store.put('a/z', body(), {});
    if (error === undefined) {
      expect((await read).toString()).toBe('jam');
      expect(await put).toMatchObject({ bytes: 3 });
    } else {
      await expect(read).rejects.toBe(error);
      await expect(put).rejects.toBe(error);
      expect(await store.head('a/z')).toBeNull();
    }
  });

  it('lies', async () => {
    store.on('head', { kind: 'lie', size: 4, etag: '"w"' });
    store.on('get', { kind: 'lie', bytes: (bytes) => Buffer.from(bytes).reverse() });
    store.on('getBytes', { kind: 'lie', bytes: () => Buffer.from('other') });
    store.on('putBytes', { kind: 'lie', size: 1 });
    expect(await store.head('a/x')).toMatchObject({ bytes: 4, etag: '"w"' });
    expect((await buffer(await store.get('a/x'))).toString()).toBe('obmaj');
    expect((await store.getBytes('a/x', 10)).bytes.toString()).toBe('other');
    expect(await store.putBytes('a/z', text)).toMatchObject({ bytes: 1 });
  });

  it('breaks a listing in its middle, or ends it silently', async () => {
    const rule = store.on('list', { kind: 'fail' });
    await expect(names()).rejects.toBe(storeBroke);
    rule.end();
    store.on('list', { kind: 'cut', after: 1 });
    expect(await names()).toEqual(['a/x']);
  });
});
