import { afterEach, describe, expect, it } from '@jest/globals';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { waitUntil } from '../../../../../test/services/wait-until.js';
import type { Change, ChangeCursor, ChangeSource } from './change-source.js';
import { ChangeWatch } from './change-watch.js';

// What a real server cannot be made to do at will: streams that break off, that lose their history, that end.

type Event = Change | Error;

/** One log of events for all databases; a position is a place in it. Errors are thrown once. */
class Source implements ChangeSource {
  readonly log: Event[] = [];
  readonly opened: unknown[] = [];
  readonly refusals: Error[] = [];
  settled = 0;
  looks = 0;
  openCursors = 0;
  closed = false;
  onSettle: () => void = () => undefined;

  open(_db: string, _names: readonly string[], position?: unknown): Promise<ChangeCursor> {
    this.opened.push(position);
    const refusal = this.refusals.shift();
    if (refusal) return Promise.reject(refusal);
    this.openCursors += 1;
    let at = typeof position === 'number' ? position : this.log.length;
    return Promise.resolve({
      tryNext: () => {
        this.looks += 1;
        const event = this.log[at];
        if (event instanceof Error) {
          this.log.splice(at, 1);
          return Promise.reject(event);
        }
        if (event === undefined) return Promise.resolve(null);
        at += 1;
        return Promise.resolve(event);
      },
      get position() {
        return at;
      },
      close: () => {
        this.openCursors -= 1;
        return Promise.resolve();
      },
    });
  }

  settle(): Promise<void> {
    this.settled += 1;
    this.onSettle();
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

const change = (kind: string, collection: string | null, to: string | null = null): Change => ({
  kind,
  collection,
  to,
});
const network = () => new MongoNetworkError('connection closed');
const server = (code: number, ...errorLabels: string[]) => new MongoServerError({ message: 'no', code, errorLabels });

let source: Source;
let watch: ChangeWatch;
const begin = async (options = {}): Promise<void> => {
  source = new Source();
  source.log.push(change('insert', 'people'));
  watch = await ChangeWatch.begin(
    source,
    [
      { db: 'a', collection: 'people' },
      { db: 'a', collection: 'visits' },
    ],
    { everyMs: 1, resumes: 2, resumePauseMs: 1, ...options },
  );
};
afterEach(async () => {
  await watch.close();
  expect(source).toMatchObject({ openCursors: 0, closed: true });
});

describe('a watch of changes', () => {
  it('is quiet when nothing was written since it began, and asks the server up to now', async () => {
    await begin();
    source.log.push(change('insert', 'others'), change('rename', 'x', 'y'));
    expect(await watch.verdict()).toEqual({ state: 'quiet' });
    expect(source.settled).toBe(1);
  });

  it.each<[string, Change, string[]]>([
    ['a write', change('update', 'visits'), ['a.visits']],
    ['a drop', change('drop', 'people'), ['a.people']],
    ['another collection that takes the name', change('rename', 'x', 'people'), ['a.people']],
    ['the end of the database', change('dropDatabase', null), ['a.people', 'a.visits']],
    ['the end of the stream', change('invalidate', null), ['a.people', 'a.visits']],
  ])('tells of %s', async (_what, event, namespaces) => {
    await begin();
    source.log.push(change('insert', 'others'), event);
    expect(await watch.verdict()).toEqual({ state: 'written', namespaces });
  });

  it('sees what comes in as late as the question', async () => {
    await begin();
    source.onSettle = () => void source.log.push(change('insert', 'people'));
    expect(await watch.verdict()).toMatchObject({ state: 'written' });
  });

  it('reads on while nobody asks, so that the stream stays', async () => {
    await begin();
    await waitUntil(() => source.looks > 5, { what: 'looks' });
    expect(await watch.verdict()).toEqual({ state: 'quiet' });
  });

  it('goes on where it was after an error of the network, and misses nothing', async () => {
    await begin();
    source.log.push(change('insert', 'others'), network(), change('insert', 'people'));
    expect(await watch.verdict()).toEqual({ state: 'written', namespaces: ['a.people'] });
    expect(source.opened).toEqual([undefined, 2]);
  });

  it('goes on after an error that the server calls resumable, as often as may be', async () => {
    await begin();
    source.refusals.push(network());
    source.log.push(server(91, 'ResumableChangeStreamError'));
    expect(await watch.verdict()).toEqual({ state: 'quiet' });
    expect(source.opened).toEqual([undefined, 1, 1]);
  });

  it('gives up when it cannot get back', async () => {
    await begin();
    source.refusals.push(network(), network(), network());
    source.log.push(network());
    expect(await watch.verdict()).toEqual({ state: 'lost', reason: 'it broke off (MongoNetworkError)' });
  });

  it.each([286, 280])('does not know when the history was lost (code %d), whatever the label', async (code) => {
    await begin();
    source.log.push(server(code, 'ResumableChangeStreamError'));
    expect(await watch.verdict()).toEqual({ state: 'lost', reason: `its history was lost (code ${code})` });
    expect(source.opened).toHaveLength(1);
  });

  it('does not know when the server says no in the middle', async () => {
    await begin();
    source.log.push(server(13));
    expect(await watch.verdict()).toEqual({ state: 'lost', reason: 'the server refused it (code 13)' });
  });

  it('does not begin where there is no stream', async () => {
    await begin();
    const other = new Source();
    other.refusals.push(server(115));
    await expect(ChangeWatch.begin(other, [{ db: 'a', collection: 'people' }])).rejects.toMatchObject({ code: 115 });
  });
});
