import { afterEach, describe, expect, it } from '@jest/globals';
import { BSON, type Document } from 'mongodb';
import { Secret } from '#contracts';
import { startFakeMongod, type FakeAnswer, type FakeMongod } from '../../../../../test/support/fake-mongod.js';
import { watchChanges, type ChangeWatching } from './watch-changes.js';

// The driver's part of it: what it asks a replica set, and how it understands the answers.

let server: FakeMongod | undefined;
let watching: ChangeWatching | undefined;
afterEach(async () => {
  if (watching !== undefined && 'watch' in watching) await watching.watch.close();
  await server?.close();
});

const cursorId = BSON.Long.fromNumber(7);
const token = (at: number) => ({ _data: `82${at}` });
const time = new BSON.Timestamp({ t: 1_700_000_000, i: 7 });

/** A replica set whose stream gives these events, one with each look, and then nothing more. */
async function replicaSet(events: (Document | 'hang-up')[], kinds: Document = {}): Promise<void> {
  let at = 0;
  const answer = (command: Document): FakeAnswer => {
    if ('ping' in command) return { operationTime: time };
    if ('aggregate' in command)
      return { cursor: { id: cursorId, ns: 'a.$cmd.aggregate', firstBatch: [], postBatchResumeToken: token(at) } };
    if (!('getMore' in command)) return undefined;
    const event = events.shift();
    if (event === 'hang-up') return event;
    at += 1;
    const nextBatch = event === undefined ? [] : [{ _id: token(at), ...event }];
    return { cursor: { id: cursorId, ns: 'a.$cmd.aggregate', nextBatch, postBatchResumeToken: token(at) } };
  };
  server = await startFakeMongod({
    collections: [{ db: 'a', name: 'people', ...kinds }],
    hello: { setName: 'rs', hosts: [], operationTime: time },
    answer,
  });
  watching = await watchChanges(
    new Secret(`${server.uri}?directConnection=true`),
    [
      { db: 'a', collection: 'people' },
      { db: 'a', collection: 'free' },
    ],
    new AbortController().signal,
  );
}
const verdict = async () => (watching !== undefined && 'watch' in watching ? watching.watch.verdict() : watching);
const asked = (name: string) => (server?.commands ?? []).filter((command) => name in command);

describe('a change stream of a replica set', () => {
  it('is asked for names alone, of the names that are replaced', async () => {
    await replicaSet([]);
    expect(await verdict()).toEqual({ state: 'quiet' });
    const [stream, match, project] = asked('aggregate')[0]?.['pipeline'] as Document[];
    expect(stream).toEqual({ $changeStream: {} });
    expect(match).toMatchObject({ $match: { $or: [{ 'ns.coll': { $in: ['people', 'free'] } }, {}, {}] } });
    expect(project).toEqual({ $project: { operationType: 1, ns: 1, to: 1 } });
  });

  it('waits until a majority has what the server has answered', async () => {
    await replicaSet([]);
    await verdict();
    expect(asked('find').at(-1)?.['readConcern']).toEqual({ level: 'majority', afterClusterTime: time });
  });

  it('tells of a write and of a rename onto a name', async () => {
    await replicaSet([{ operationType: 'rename', ns: { db: 'a', coll: 'x' }, to: { db: 'a', coll: 'free' } }]);
    expect(await verdict()).toEqual({ state: 'written', namespaces: ['a.free'] });
  });

  it('goes on where it was when the connection breaks', async () => {
    await replicaSet(['hang-up', { operationType: 'insert', ns: { db: 'a', coll: 'people' } }]);
    expect(await verdict()).toEqual({ state: 'written', namespaces: ['a.people'] });
    const [, again] = asked('aggregate');
    expect((again?.['pipeline'] as Document[])[0]).toEqual({ $changeStream: { resumeAfter: token(0) } });
  });

  it('is not for time series', async () => {
    await replicaSet([], { type: 'timeseries' });
    expect(watching).toEqual({ none: 'a.people is no plain collection' });
  });
});
