import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { RecordedProgress } from '#contracts';
import { services, waitUntil } from '../services/services.js';
import { seedCompleted, seedPending } from '../support/api-records.js';
import { ApiWorld } from '../support/api-world.js';
import { EventStream } from '../support/event-stream.js';
import { startRedisServer } from '../support/redis-server.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// Heart-beats come every 15 s; nothing here waits for a fixed time.
jest.setTimeout(60_000);

let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start();
});
afterAll(() => world.close());

const opened: EventStream[] = [];
afterEach(() => {
  for (const stream of opened.splice(0)) stream.close();
});

async function listen(path: string, headers: Record<string, string> = {}, at = world): Promise<EventStream> {
  const stream = await EventStream.open(`${at.url}/api/admin/${path}`, {
    authorization: `Bearer ${at.token('viewer')}`,
    ...headers,
  });
  opened.push(stream);
  if (stream.response.status === 200)
    await waitUntil(() => stream.lastEventId !== '', { what: 'the beginning of the stream' });
  return stream;
}

let targets = 0;
/** A backup of a target of its own, waiting. */
async function pending(at = world): Promise<string> {
  targets += 1;
  return seedPending(at.core, `events-${targets}`, new Date());
}

async function claimed(at = world): Promise<{ backupId: string; fence: number }> {
  const backupId = await pending(at);
  const record = await at.core.catalog.backups.claim(backupId, 'test/1/a', new Date());
  if (record === null) throw new Error('not claimed');
  return { backupId, fence: record.claim.fence };
}

const progressOf = (archiveBytes: number): RecordedProgress => ({
  ...{ stage: 'dump', archiveBytes, storedBytes: Math.floor(archiveBytes / 3), documents: archiveBytes / 100 },
  ...{ estimatedBytes: 10_000, bytesPerSecond: 1_000, updatedAt: new Date() },
});

async function move(run: { backupId: string; fence: number }, archiveBytes: number, at = world): Promise<void> {
  await at.core.catalog.backups.progress({ id: run.backupId, fence: run.fence }, progressOf(archiveBytes));
}

const ofBackup = (backupId: string, more: (data: Record<string, unknown>) => boolean = () => true) => {
  return ({ data }: { data: Record<string, unknown> }): boolean => data['backupId'] === backupId && more(data);
};
const bytesOf = (data: Record<string, unknown>): unknown =>
  (data['progress'] as { archiveBytes: number } | null)?.archiveBytes;

describe('an event stream', () => {
  it('tells state, stage, bytes, documents, rate and what is left, from the record to its end', async () => {
    const stream = await listen('events');
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(stream.retry).toBeGreaterThanOrEqual(1_000);
    const backupId = await pending();
    await stream.until(
      ofBackup(backupId, ({ status }) => status === 'pending'),
      'the new backup',
    );
    const record = await world.core.catalog.backups.claim(backupId, 'test/1/a', new Date());
    const run = { backupId, fence: record?.claim.fence ?? 0 };
    await move(run, 4_000);
    const { data } = await stream.until(
      ofBackup(backupId, (state) => bytesOf(state) === 4_000),
      'the progress',
    );
    expect(data).toMatchObject({
      ...{ backupId, target: backupId.replace(/-\d{8}T.*/, ''), status: 'in_progress', stage: 'dump', attempt: 1 },
      progress: {
        ...{ stage: 'dump', archiveBytes: 4_000, storedBytes: 1_333, documents: 40 },
        ...{ estimatedBytes: 10_000, bytesPerSecond: 1_000 },
      },
      remainingSeconds: 6,
    });
    await world.core.catalog.backups.requestCancel(backupId, 'test', new Date());
    await stream.until(
      ofBackup(backupId, ({ cancelRequested }) => cancelRequested === true),
      'the wish to cancel',
    );
    await world.core.catalog.backups.cancelled({ id: backupId, fence: run.fence }, new Date());
    const end = await stream.until(
      ofBackup(backupId, ({ status }) => status === 'cancelled'),
      'the end',
    );
    expect(end.data).toMatchObject({ stage: null, remainingSeconds: null, cancelRequested: false });
    const ids = stream.messages.map(({ id }) => id);
    expect(ids).not.toContain(null);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('of one backup begins with its present state and tells of no other', async () => {
    const [mine, other] = [await claimed(), await claimed()];
    const stream = await listen(`backups/${mine.backupId}/events`);
    await stream.until(
      ofBackup(mine.backupId, ({ status }) => status === 'in_progress'),
      'the present state',
    );
    await move(other, 1_000);
    await move(mine, 2_000);
    await stream.until(
      ofBackup(mine.backupId, (data) => bytesOf(data) === 2_000),
      'the progress',
    );
    expect(new Set(stream.states.map(({ backupId }) => backupId))).toEqual(new Set([mine.backupId]));
  });

  it('of all begins with what is not at rest', async () => {
    const run = await claimed();
    await move(run, 700);
    const { backupId: atRest } = await seedCompleted(world.core, { target: 'at-rest', stored: false });
    await (
      await listen('events')
    ).until(
      ofBackup(run.backupId, (data) => bytesOf(data) === 700),
      'the running one',
    );
    const late = await listen('events');
    await late.until(ofBackup(run.backupId), 'the running one');
    expect(late.states.map(({ backupId }) => backupId)).not.toContain(atRest);
  });

  it('tells of a record that was taken back', async () => {
    const stream = await listen('events');
    const backupId = await pending();
    await stream.until(ofBackup(backupId), 'the new backup');
    await world.core.catalog.backups.withdraw(backupId);
    const removed = await stream.until(({ event }) => event === 'removed', 'its removal');
    expect(removed.data).toEqual({ backupId });
  });

  it('beats every 15 s', async () => {
    const stream = await listen('events');
    await waitUntil(() => stream.comments.includes('beat'), { what: 'a heart-beat', timeoutMs: 17_000 });
  });

  it('ends with the token', async () => {
    const exp = Math.floor(Date.now() / 1000) + 3;
    const stream = await listen('events', { authorization: `Bearer ${world.token('viewer', { exp })}` });
    await stream.untilEnded();
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000 - 50);
    expect(stream.messages.at(-1)).toEqual({ id: null, event: 'end', data: { reason: 'token-expired' } });
  });

  it('needs a token, a backup that exists, and a known query', async () => {
    const status = async (path: string, headers?: Record<string, string>): Promise<number> =>
      (await listen(path, headers)).response.status;
    expect(await status('events', { authorization: 'Bearer forged' })).toBe(401);
    expect(await status('backups/clinic-20261123T020000Z-k3f9q2/events')).toBe(404);
    expect(await status('backups/nonsense/events')).toBe(404);
    expect(await status('events?since=yesterday')).toBe(400);
    expect((await world.call('HEAD', '/api/admin/events')).status).toBe(200);
  });
});

describe('a listener that comes back', () => {
  it('gets exactly what it missed, in order and nothing twice', async () => {
    const run = await claimed();
    const first = await listen('events');
    await move(run, 100);
    await first.until(
      ofBackup(run.backupId, (data) => bytesOf(data) === 100),
      'the first progress',
    );
    const { lastEventId } = first;
    first.close();
    const witness = await listen('events');
    for (const bytes of [200, 300]) {
      await move(run, bytes);
      await witness.until(
        ofBackup(run.backupId, (data) => bytesOf(data) === bytes),
        'the witness to see it',
      );
    }
    for (const how of [
      { path: 'events', headers: { 'last-event-id': lastEventId } },
      { path: `events?lastEventId=${lastEventId}`, headers: {} },
    ]) {
      const again = await listen(how.path, how.headers);
      await again.until(
        ofBackup(run.backupId, (data) => bytesOf(data) === 300),
        'what was missed',
      );
      expect(again.states.filter(({ backupId }) => backupId === run.backupId).map(bytesOf)).toEqual([200, 300]);
    }
  });

  it('at another replica gets the newest state of what changed, also of what ended meanwhile', async () => {
    const [run, ended] = [await claimed(), await claimed()];
    const first = await listen('events');
    await move(run, 100);
    await first.until(
      ofBackup(run.backupId, (data) => bytesOf(data) === 100),
      'the first progress',
    );
    const { lastEventId } = first;
    first.close();
    await move(run, 200);
    await move(run, 300);
    await world.core.catalog.backups.cancelled({ id: ended.backupId, fence: ended.fence }, new Date());
    const other = await ApiWorld.start({ environment: world.environment() });
    try {
      const again = await listen('events', { 'last-event-id': lastEventId }, other);
      await again.until(
        ofBackup(run.backupId, (data) => bytesOf(data) === 300),
        'the newest state',
      );
      await again.until(
        ofBackup(ended.backupId, ({ status }) => status === 'cancelled'),
        'the end of the other',
      );
      const one = await listen(`backups/${run.backupId}/events`, { 'last-event-id': lastEventId }, other);
      await one.until(
        ofBackup(run.backupId, (data) => bytesOf(data) === 300),
        'the newest state',
      );
    } finally {
      await other.close();
    }
  });

  it('with an id that is none begins anew', async () => {
    const run = await claimed();
    for (const id of ['7', 'x'.repeat(90), 'zzzzzzzzzz-0-000000000000']) {
      const stream = await listen(`backups/${run.backupId}/events`, { 'last-event-id': id });
      await stream.until(ofBackup(run.backupId), 'the present state');
    }
  });
});

describe('a ticket', () => {
  const ticketOf = async (token = world.token('viewer')): Promise<Record<string, unknown>> => {
    const reply = await world.post('/api/admin/events/ticket', undefined, { token });
    expect(reply.status).toBe(200);
    return reply.body;
  };
  const open = async (query: string, id?: string): Promise<EventStream> => {
    const stream = await EventStream.open(
      `${world.url}/api/admin/events?${query}`,
      id === undefined ? {} : { 'last-event-id': id },
    );
    opened.push(stream);
    return stream;
  };

  it('lets an EventSource in once, and again only with an id of its own stream', async () => {
    const { ticket, expiresAt } = await ticketOf();
    const left = Date.parse(String(expiresAt)) - Date.now();
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    const stream = await open(`ticket=${String(ticket)}`);
    expect(stream.response.status).toBe(200);
    await waitUntil(() => stream.lastEventId !== '', { what: 'the beginning of the stream' });
    expect((await open(`ticket=${String(ticket)}`)).response.status).toBe(401);
    const run = await claimed();
    await stream.until(ofBackup(run.backupId), 'an event');
    const { lastEventId } = stream;
    stream.close();
    const { lastEventId: foreign } = await listen('events');
    expect((await open(`ticket=${String(ticket)}`, foreign)).response.status).toBe(401);
    const again = await open(`ticket=${String(ticket)}`, lastEventId);
    expect(again.response.status).toBe(200);
    await move(run, 500);
    await again.until(
      ofBackup(run.backupId, (data) => bytesOf(data) === 500),
      'what comes next',
    );
    // Another ticket does not make that stream one's own.
    const { ticket: another } = await ticketOf();
    expect((await open(`ticket=${String(another)}`, lastEventId)).response.status).toBe(401);
  });

  it('is for streams alone, ends with its token, and is kept as a digest', async () => {
    const exp = Math.floor(Date.now() / 1000) + 5;
    const { ticket, expiresAt, endsAt } = await ticketOf(world.token('viewer', { exp }));
    expect([expiresAt, endsAt]).toEqual(Array(2).fill(new Date(exp * 1000).toISOString()));
    const query = `ticket=${String(ticket)}`;
    for (const path of ['/api/admin/backups', '/api/admin/system', '/api/admin/events/ticket'])
      expect((await world.call('GET', `${path}?${query}`, { token: null })).status).toBe(401);
    expect((await world.post(`/api/admin/backups/trigger?${query}`, undefined, { token: null })).status).toBe(401);
    const kept = JSON.stringify(await world.documents('streamtickets'));
    expect(kept).not.toContain(String(ticket));
    expect(world.lines.join('')).not.toContain(String(ticket));
    const stream = await open(query);
    expect(stream.response.status).toBe(200);
    await stream.untilEnded();
    expect(stream.messages.at(-1)?.data).toEqual({ reason: 'token-expired' });
    expect((await open(query, stream.lastEventId)).response.status).toBe(401);
  });

  it.each(['', 'x', 'x'.repeat(43), 'x'.repeat(200)])('that is none lets nobody in: "%s"', async (ticket) => {
    expect((await open(`ticket=${ticket}`)).response.status).toBe(401);
  });
});

it('streams do not need Redis', async () => {
  const redis = await startRedisServer();
  const other = await ApiWorld.start({ environment: { REDIS_URL: redis.url } });
  try {
    const before = await listen('events', {}, other);
    await redis.stop();
    const run = await claimed(other);
    const after = await listen('events', {}, other);
    for (const stream of [before, after]) await stream.until(ofBackup(run.backupId), 'the new backup');
  } finally {
    await other.close();
    await redis.close();
  }
});

it('streams outlive an outage of the catalogue, and lose nothing by it', async () => {
  const proxy = await startTcpProxy(services().mongodbUri);
  const uri = `${proxy.uri.replace(/\/$/, '')}/${world.database}`;
  const other = await ApiWorld.start({ environment: { CATALOG_MONGODB_URI: uri } });
  try {
    const run = await claimed();
    const stream = await listen('events', {}, other);
    await stream.until(ofBackup(run.backupId), 'the running backup');
    proxy.cut();
    await move(run, 900);
    await waitUntil(() => other.lines.some((line) => line.includes('listeners wait')), { what: 'a failed look' });
    expect((await listen(`backups/${run.backupId}/events`, {}, other)).response.status).toBe(503);
    proxy.mend();
    await stream.until(
      ofBackup(run.backupId, (data) => bytesOf(data) === 900),
      'what was missed',
      30_000,
    );
  } finally {
    await other.close();
    await proxy.close();
  }
});

it('an ending process sends its listeners away at once', async () => {
  const other = await ApiWorld.start();
  const stream = await listen('events', {}, other);
  await other.close();
  await stream.untilEnded(2_000);
  expect(stream.messages.at(-1)).toEqual({ id: null, event: 'end', data: { reason: 'shutting-down' } });
});
