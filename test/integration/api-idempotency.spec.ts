import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { AppError, type JobRequest } from '#contracts';
import { keyDigest } from '../../apps/api/src/idempotency/request-fingerprint.js';
import { waitUntil } from '../services/services.js';
import { seedCompleted } from '../support/api-records.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';
import { replaceCalls } from '../support/replace-calls.js';

jest.setTimeout(60_000);

// Idempotency-Key: carried out once, answered the same for a day.

const path = '/api/admin/backups/trigger';
const targets =
  'targets:\n' + ['clinic', 'shop', 'blog'].map((name) => `  - name: ${name}\n    uriVariable: X\n`).join('');
/** Called before a job is added; a test may make it wait or fail. */
let onAdd: (() => Promise<void>) | undefined;
/** Lets the note of a reply get lost, as a process does that dies before it. */
let loseFinish = false;
/** Lets no record be taken back, as a catalogue that is away does. */
let keepRecords = false;
let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({
    environment: { BACKUP_TARGETS_FILE: '/targets.yaml' },
    files: { '/targets.yaml': targets },
    parts: ({ queue, catalog }) => ({
      queue: replaceCalls(queue, {
        add: async (job: JobRequest) => {
          await onAdd?.();
          return queue.add(job);
        },
      }),
      catalog: {
        ...catalog,
        idempotency: replaceCalls(catalog.idempotency, {
          finish: (digest, holder, reply) =>
            loseFinish ? Promise.reject(new Error('gone')) : catalog.idempotency.finish(digest, holder, reply),
        }),
        backups: replaceCalls(catalog.backups, {
          withdraw: (backupId) =>
            keepRecords ? Promise.reject(new Error('away')) : catalog.backups.withdraw(backupId),
        }),
      },
    }),
  });
});
afterAll(() => world.close());
afterEach(() => {
  onAdd = undefined;
  loseFinish = false;
  keepRecords = false;
});

const trigger = (
  key: string,
  body: unknown = { target: 'clinic' },
  token = world.token('operator'),
): Promise<ApiReply> => world.post(path, body, { token, headers: { 'idempotency-key': key } });
const codeOf = (reply: ApiReply): string => String(reply.body['type']).replace('https://hazina.dev/problems/', '');
const count = async (): Promise<number> => (await world.documents('backups')).length;
const cancel = (reply: ApiReply): Promise<ApiReply> =>
  world.post(`/api/admin/backups/${String(reply.body['backupId'])}/cancel`);

describe('POST trigger with a key', () => {
  it('makes one backup, and answers the same again, whatever became of it', async () => {
    const key = randomUUID();
    const first = await trigger(key, { target: 'clinic', label: 'x' });
    expect(first.status).toBe(202);
    const made = await count();
    expect((await cancel(first)).status).toBe(202);
    for (const [header, body] of [
      [key, { target: 'clinic', label: 'x' }],
      [`"${key}"`, { label: 'x', target: 'clinic' }],
    ] as const) {
      const again = await trigger(header, body);
      expect([again.status, again.body]).toEqual([202, first.body]);
      expect(again.headers.get('location')).toBe(first.headers.get('location'));
      expect(again.headers.get('idempotent-replayed')).toBe('true');
    }
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(await count()).toBe(made);
  });

  it('is 422 for another request, and another subject has keys of its own', async () => {
    const key = randomUUID();
    const first = await trigger(key);
    const reply = await trigger(key, { target: 'shop' });
    expect([reply.status, codeOf(reply)]).toEqual([422, 'request-idempotency-mismatch']);
    const elsewhere = await world.post(
      '/api/admin/backups/cleanup',
      { target: 'clinic' },
      { headers: { 'idempotency-key': key } },
    );
    expect(elsewhere.status).toBe(422);
    const other = await trigger(key, { target: 'shop' }, world.token('operator', { sub: 'another' }));
    expect(other.status).toBe(202);
    for (const each of [first, other]) await cancel(each);
  });

  it('is 409 while the first is under way, and of many at once one is carried out', async () => {
    const key = randomUUID();
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let adding = 0;
    onAdd = () => {
      adding += 1;
      return gate;
    };
    const first = trigger(key);
    await waitUntil(() => adding === 1, { what: 'the first to be under way' });
    for (const reply of await Promise.all(Array.from({ length: 5 }, () => trigger(key))))
      expect([reply.status, codeOf(reply)]).toEqual([409, 'request-idempotency-conflict']);
    go();
    const done = await first;
    expect(done.status).toBe(202);
    expect((await trigger(key)).body).toEqual(done.body);
    await cancel(done);
  });

  it('carries one of many at once out, and answers all of them with it', async () => {
    const before = await count();
    const key = randomUUID();
    const replies = await Promise.all(Array.from({ length: 12 }, () => trigger(key)));
    // One that a busy machine answers too late is 503: what comes of it is kept, and told to the next try.
    await waitUntil(async () => (await trigger(key)).status === 202, { what: 'the one to be carried out' });
    const last = await trigger(key);
    expect([last.status, last.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
    expect(await count()).toBe(before + 1);
    for (const { status, body } of replies)
      if (status === 202) expect(body).toEqual(last.body);
      else expect([409, 503]).toContain(status);
    const carriedOut = replies.filter(
      ({ headers, status }) => status === 202 && headers.get('idempotent-replayed') === null,
    );
    expect(carriedOut.length).toBeLessThanOrEqual(1);
    await cancel(last);
  });

  it('keeps no refusal: the same key may be tried again', async () => {
    const key = randomUUID();
    onAdd = () =>
      Promise.reject(new AppError({ code: 'queue/unavailable', stage: 'queue', message: 'away', retry: 'retry' }));
    expect((await trigger(key)).status).toBe(503);
    expect((await trigger(key, { target: 'nowhere' })).status).toBe(422);
    expect((await trigger(key, { target: 7 })).status).toBe(400);
    onAdd = undefined;
    const done = await trigger(key);
    expect(done.status).toBe(202);
    await cancel(done);
  });

  it('keeps the key of a try that failed and could not take its record back: the next one goes on with it', async () => {
    const key = randomUUID();
    const made = await count();
    keepRecords = true;
    onAdd = () =>
      Promise.reject(new AppError({ code: 'queue/unavailable', stage: 'queue', message: 'away', retry: 'retry' }));
    expect((await trigger(key)).status).toBe(503);
    expect(await count()).toBe(made + 1);
    onAdd = undefined;
    keepRecords = false;
    expect((await trigger(key)).status).toBe(409);
    await expire(key, { startedAt: new Date(Date.now() - 120_000) });
    const again = await trigger(key);
    expect(again.status).toBe(202);
    expect(await count()).toBe(made + 1);
    await cancel(again);
  });

  it('finds after a crash what the cut-off try had made', async () => {
    const key = randomUUID();
    loseFinish = true;
    const first = await trigger(key);
    expect(first.status).toBe(202);
    const made = await count();
    // For a minute it may still be under way …
    expect((await trigger(key)).status).toBe(409);
    // … and then its process is gone.
    await world.core.catalog.backups.requestCancel(String(first.body['backupId']), 'test', new Date());
    await expire(key, { startedAt: new Date(Date.now() - 120_000) });
    loseFinish = false;
    const again = await trigger(key);
    expect([again.status, again.body['backupId']]).toEqual([202, first.body['backupId']]);
    expect(await count()).toBe(made);
  });

  it('forgets a key after its day', async () => {
    const key = randomUUID();
    const first = await trigger(key);
    await cancel(first);
    await expire(key, { expiresAt: new Date(Date.now() - 1) });
    const next = await trigger(key);
    expect(next.status).toBe(202);
    expect(next.body['backupId']).not.toBe(first.body['backupId']);
    await cancel(next);
  });

  it.each(['', ' ', 'x'.repeat(256), 'tab\tin it', '"'.repeat(600)])(
    'refuses a key of another form: "%s"',
    async (key) => {
      expect((await trigger(key)).status).toBe(400);
    },
  );
});

it('verify, cleanup and a rotation of keys take keys as well', async () => {
  const { backupId } = await seedCompleted(world.core, { target: 'blog' });
  for (const [route, id] of [
    [`/api/admin/backups/${backupId}/verify`, 'verificationId'],
    ['/api/admin/backups/cleanup', 'cleanupId'],
    ['/api/admin/keys/rotate', 'rotationId'],
  ] as const) {
    const headers = { 'idempotency-key': `${id}-1` };
    const first = await world.post(route, undefined, { headers });
    expect(first.status).toBe(202);
    const again = await world.post(route, {}, { headers });
    expect([again.status, again.body, again.headers.get('location')]).toEqual([
      202,
      first.body,
      first.headers.get('location'),
    ]);
    loseFinish = true;
    const lost = await world.post(route, undefined, { headers: { 'idempotency-key': `${id}-2` } });
    loseFinish = false;
    // A verification of this backup is under way already.
    if (lost.status !== 202) continue;
    await expire(`${id}-2`, { startedAt: new Date(0) });
    const found = await world.post(route, undefined, { headers: { 'idempotency-key': `${id}-2` } });
    expect([found.status, found.body]).toEqual([202, lost.body]);
  }
  expect((await world.documents('tasks')).length).toBe(5);
});

it('keys are kept as digests', async () => {
  const key = 'a-telling-key';
  await cancel(await trigger(key));
  expect(JSON.stringify(await world.documents('idempotency'))).not.toContain(key);
});

/** Lets time pass for a key, as it lies in the catalogue. */
async function expire(key: string, change: Record<string, Date>): Promise<void> {
  await world.changeDocument('idempotency', { digest: keyDigest('tester', key) }, change);
}
