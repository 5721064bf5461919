/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import type { Dump } from '#engine';
import {
  services,
  startAuthenticatedMongodb,
  startExtraMongodb,
  uniqueDatabase,
  waitUntil,
} from '../services/services.js';
import { beginDump, dumpRequest, fixtureArchive } from '../support/native-dump.js';
import { loadArchive } from '../support/native-load.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

// A real server and a network that fail in the middle of a dump.

const db = uniqueDatabase('dumpfaults');
/** About 80 MB in four collections: more than fits into all the buffers on the way. */
const archive = fixtureArchive('interleaved.archive.gz');
const middle = 10_000_000;
let client: MongoClient;
const proxies: TcpProxy[] = [];

beforeAll(async () => {
  client = await MongoClient.connect(services().mongodbUri);
  await loadArchive(archive, { rename: [{ from: 'fx_interleaved', to: db }] });
}, 60_000);
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close();
});
afterAll(async () => {
  await client.db(db).dropDatabase();
  await client.close();
});

async function proxied(): Promise<TcpProxy> {
  const proxy = await startTcpProxy(services().mongodbUri);
  proxies.push(proxy);
  return proxy;
}

/** Drinks the dump to its end, which must be an error that the result tells, too. */
async function failureOf({ stream, result }: Dump): Promise<AppError> {
  stream.resume();
  const error: unknown = await finished(stream).then(
    () => new Error('the stream ended as if all were well'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof AppError)) throw error;
  await expect(result).rejects.toBe(error);
  return error;
}

describe('F21 in the middle of a dump', () => {
  it.each(['cut', 'reset'] as const)('a connection that is %s', async (what) => {
    const proxy = await proxied();
    const dump = await beginDump(dumpRequest({ uri: proxy.uri, databases: [db] }));
    proxy.after(middle, what);
    expect(await failureOf(dump)).toMatchObject({ code: 'source/unreachable', retry: 'retry', stage: 'dump' });
  });

  it('a network that falls silent', async () => {
    const proxy = await proxied();
    const dump = await beginDump(dumpRequest({ uri: proxy.uri, databases: [db] }), undefined, { stallMs: 500 });
    proxy.after(middle, 'silence');
    expect(await failureOf(dump)).toMatchObject({ code: 'engine/stalled', retry: 'retry' });
    await waitUntil(() => proxy.connections === 0, { what: 'the end of all connections' });
  });

  it('an abort while the network is silent', async () => {
    const proxy = await proxied();
    const cancel = new AbortController();
    const dump = await beginDump(dumpRequest({ uri: proxy.uri, databases: [db] }), cancel.signal);
    proxy.after(middle, 'silence');
    const failed = failureOf(dump);
    await waitUntil(() => proxy.bytesFromServer >= middle, { what: 'the silence' });
    cancel.abort();
    expect(await failed).toMatchObject({ code: 'run/cancelled' });
    await waitUntil(() => proxy.connections === 0, { what: 'the end of all connections' });
  });

  it('an abort ends the stream and every connection', async () => {
    const proxy = await proxied();
    const cancel = new AbortController();
    const dump = await beginDump(dumpRequest({ uri: proxy.uri, databases: [db] }), cancel.signal);
    dump.stream.once('data', () => cancel.abort());
    expect(await failureOf(dump)).toMatchObject({ code: 'run/cancelled' });
    await waitUntil(() => proxy.connections === 0, { what: 'the end of all connections' });
  });

  // One of our own that may be killed can be started of FerretDB alone.
  (services().mongodbKind === 'ferretdb' ? it : it.skip)('a server that is killed', async () => {
    const server = await startExtraMongodb();
    try {
      const dump = await beginDump(dumpRequest({ uri: server.uri, databases: [db] }));
      const failed = failureOf(dump);
      await once(dump.stream, 'data');
      await server.kill();
      expect(await failed).toMatchObject({ code: 'source/unreachable', retry: 'retry' });
    } finally {
      await server.stop();
    }
  });

  it('a consumer that takes nothing: little is fetched, and the rest comes when it does', async () => {
    const proxy = await proxied();
    const { stream, result } = await beginDump(dumpRequest({ uri: proxy.uri, databases: [db] }));
    // Asking once starts the readers.
    stream.read(0);
    await waitUntil(() => stream.readableLength >= stream.readableHighWaterMark, { what: 'a full queue' });
    const waiting = stream.readableLength;
    // Two readers hold a reply each and have one more on its way.
    expect(proxy.bytesFromServer).toBeLessThan(archive.length / 3);
    expect(waiting).toBeLessThan(archive.length / 3);
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await finished(stream);
    await result;
    expect(bytes).toBeGreaterThan(archive.length * 0.99);
  });
});

describe('before the dump', () => {
  it('a wrong password is refused, and not shown', async () => {
    if (services().mongodbKind === 'external') return;
    const server = await startAuthenticatedMongodb();
    try {
      const wrong = server.uri.replace(server.password, 'sesame-open');
      const error: unknown = await beginDump(dumpRequest({ uri: wrong, databases: [db] })).catch(
        (cause: unknown) => cause,
      );
      expect(error).toMatchObject({ code: 'source/refused', retry: 'no-retry', stage: 'probe' });
      expect(String(error)).not.toContain('sesame-open');
      const anonymous: unknown = await beginDump(dumpRequest({ uri: server.anonymousUri })).catch(
        (cause: unknown) => cause,
      );
      expect(anonymous).toMatchObject({ code: 'source/refused' });
    } finally {
      await server.stop();
    }
  }, 30_000);

  it('a server that is gone is unreachable', async () => {
    const proxy = await proxied();
    proxy.cut();
    const uri = `${proxy.uri}?serverSelectionTimeoutMS=300`;
    const error: unknown = await beginDump(dumpRequest({ uri })).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'source/unreachable', retry: 'retry' });
  });
});
