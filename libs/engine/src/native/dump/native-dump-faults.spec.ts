import { afterEach, describe, expect, it } from '@jest/globals';
import { BSON, type Document } from 'mongodb';
import { readArchive } from '#archive';
import { Secret } from '#contracts';
import {
  closeFakes,
  failure,
  orders,
  people,
  refuse,
  shape,
  startFakeDump,
} from '../../../../../test/support/fake-dump.js';
import type { FakeAnswer, FakeCollection } from '../../../../../test/support/fake-mongod.js';
import { createNativeDumpEngine } from './native-dump.engine.js';

// A server that fails in every way, while it is dumped.

afterEach(closeFakes);

describe('a dump that is not whole never ends well', () => {
  it.each([
    ['a step-down', refuse(11602), 'engine/failed', 'retry'],
    [
      'an interruption whose text the driver takes for an end',
      refuse(11601, 'operation was interrupted'),
      'engine/failed',
      'retry',
    ],
    ['a lost cursor', refuse(43), 'engine/failed', 'retry'],
    ['a snapshot that is too old', refuse(239), 'engine/snapshot-too-old', 'retry'],
    ['an unknown error', refuse(8), 'engine/failed', 'no-retry'],
    ['no more rights', refuse(13), 'source/refused', 'no-retry'],
    ['a lost connection', 'hang-up', 'source/unreachable', 'retry'],
  ] as const)('%s in the middle', async (_what, answer, code, retry) => {
    const { dump } = await startFakeDump({
      collections: [people, orders],
      answer: (sent) => ('getMore' in sent && sent['collection'] === 'people' ? answer : undefined),
    });
    expect(await failure(dump())).toMatchObject({ code, retry, stage: 'dump' });
  });

  it('a server that falls silent is given up', async () => {
    const { dump } = await startFakeDump(
      { collections: [people], answer: (sent) => ('getMore' in sent ? 'silence' : undefined) },
      { stallMs: 200 },
    );
    expect(await failure(dump())).toMatchObject({ code: 'engine/stalled', retry: 'retry' });
  });

  it('an abort ends the wait for a silent server, and the cursor', async () => {
    const cancel = new AbortController();
    const { dump, server } = await startFakeDump({
      collections: [people],
      answer: (sent) => {
        if (!('getMore' in sent)) return undefined;
        cancel.abort();
        return 'silence';
      },
    });
    expect(await failure(dump({}, cancel))).toMatchObject({ code: 'run/cancelled' });
    expect(server.commands.filter((command) => 'killCursors' in command)).toMatchObject([{ killCursors: 'people' }]);
  });

  it('a consumer that lets go ends the dump', async () => {
    const { server } = await startFakeDump({ collections: [people] });
    const engine = createNativeDumpEngine({ engineVersion: '1' });
    const request = { uri: new Secret(server.uri), databases: [], include: [], exclude: [] };
    const { signal } = new AbortController();
    const { stream, result } = await engine.dump(request, await engine.probe(request, signal), signal);
    stream.destroy();
    expect(await failure(result)).toMatchObject({ code: 'run/cancelled' });
  });
});

describe('collections that go away', () => {
  const uuid = new BSON.UUID();
  const fleeting: FakeCollection = { ...people, uuid };
  /** From the first getMore on the server lists something else. */
  const afterwards = (listed: readonly Document[]) => {
    let gone = false;
    return (sent: Document): FakeAnswer => {
      if ('getMore' in sent) {
        gone = true;
        return refuse(175);
      }
      if (!gone || !('listCollections' in sent)) return undefined;
      return { cursor: { id: BSON.Long.ZERO, ns: 'shop.$cmd', firstBatch: listed } };
    };
  };

  it('dropped: what was read is kept, with a warning', async () => {
    const { dump } = await startFakeDump({
      collections: [fleeting, orders],
      answer: afterwards([{ name: 'orders', type: 'collection' }]),
    });
    const { archive, result } = await dump();
    expect(shape(archive)).toEqual(['shop.orders: 1', 'shop.people: 2']);
    expect(result.warnings).toEqual([expect.stringMatching(/shop\.people was dropped/)]);
  });

  it.each([
    ['renamed', [{ name: 'folk', type: 'collection', info: { uuid } }], /renamed to shop\.folk/],
    ['replaced', [{ name: 'people', type: 'collection', info: { uuid: new BSON.UUID() } }], /was replaced/],
  ])('%s: the dump fails, for it would lack documents', async (_what, listed, message) => {
    const { dump } = await startFakeDump({ collections: [fleeting], answer: afterwards(listed) });
    const error = await failure(dump());
    expect(error).toMatchObject({ code: 'engine/failed', retry: 'retry' });
    expect(error.message).toMatch(message);
  });

  it('dropped before its indexes were listed: left out, with a warning', async () => {
    const { dump } = await startFakeDump({
      collections: [people, orders],
      answer: (sent) => (sent['listIndexes'] === 'people' ? refuse(26) : undefined),
    });
    const { archive, result } = await dump();
    expect(shape(archive)).toEqual(['shop.orders: 1']);
    expect(result.warnings).toEqual([expect.stringMatching(/shop\.people was dropped/)]);
  });
});

it('all of a cursor is read from the router that it was opened on', async () => {
  const cluster = {
    hello: { msg: 'isdbgrid' },
    collections: [{ ...people, batches: people.batches?.flatMap((batch) => batch.map((one) => [one])) ?? [] }],
  };
  const routers = [await startFakeDump(cluster), await startFakeDump(cluster)].map(({ server }) => server);
  const hosts = routers.map(({ uri }) => new URL(uri.replace('mongodb:', 'http:')).host).join(',');
  const request = { uri: new Secret(`mongodb://${hosts}/`), databases: [], include: [], exclude: [] };
  const engine = createNativeDumpEngine({ engineVersion: '1' });
  const { signal } = new AbortController();
  for (let round = 0; round < 5; round += 1) {
    const probe = await engine.probe(request, signal);
    expect(probe.server.topology).toBe('sharded');
    const { stream } = await engine.dump(request, probe, signal);
    expect(shape(await readArchive(stream))).toEqual(['shop.people: 3']);
  }
  const readers = routers.filter(({ commands }) => commands.some((command) => 'getMore' in command));
  expect(readers).toHaveLength(1);
});
