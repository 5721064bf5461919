import { afterEach, describe, expect, it } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import { inspect } from 'node:util';
import { AppError, Secret, systemClock } from '#contracts';
import { createJobQueue, workerConnection, workerOptions, type JobQueue, type JobQueueOptions } from '#queue';
import { waitUntil } from '../services/wait-until.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// Redis is real and each test's own; the network is broken by a proxy or by freezing the process.

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function redis(...args: string[]): Promise<TestRedis> {
  const server = await startRedisServer(args);
  cleanUps.push(() => server.close());
  return server;
}

function open(url: string, changes: Partial<JobQueueOptions> = {}): JobQueue {
  const redisUrl = new Secret(url);
  const queue = createJobQueue({ redisUrl, prefix: 'hz', clock: systemClock, connectionName: 'test', ...changes });
  cleanUps.push(() => queue.close());
  return queue;
}

/** BullMQ's own view of a queue. */
function look(url: string, name = 'backup'): Queue {
  const connection = workerConnection({ redisUrl: new Secret(url), connectionName: 'look' });
  const queue = new Queue(name, { connection, prefix: 'hz' });
  queue.on('error', () => undefined);
  cleanUps.push(() => queue.close());
  return queue;
}

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof AppError)) throw new Error(`No AppError but ${inspect(outcome)}`);
  return outcome;
}

async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  const result = await work;
  return [result, performance.now() - start];
}

const job = (jobId: string, delayMs?: number) =>
  ({ name: 'backup', payload: { backupId: 'b' }, jobId, ...(delayMs === undefined ? {} : { delayMs }) }) as const;

describe('a job queue', () => {
  it('adds a job with its data and options, once for an id', async () => {
    const { url } = await redis();
    const queue = open(url);
    await queue.add(job('b-1'));
    await queue.add(job('b-1', 60_000));
    const [found, ...others] = await look(url).getJobs();
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      id: 'b-1',
      name: 'backup',
      data: { backupId: 'b' },
      opts: { attempts: 1 },
      delay: 0,
    });
    expect(found?.opts.removeOnFail).toEqual({ count: 1000, age: 604_800 });
  });

  it('puts each job into its queue, short ones before whole cleanups', async () => {
    const { url } = await redis();
    const queue = open(url);
    await queue.add({ name: 'cleanup', payload: { taskId: 't' }, jobId: 'c-1' });
    await queue.add({ name: 'delete', payload: { backupId: 'b' }, jobId: 'd-1' });
    await queue.add({ name: 'marks', payload: { backupId: 'b' }, jobId: 'm-1' });
    await queue.add({ name: 'notify', payload: { notificationId: 'n' }, jobId: 'n-1' });
    await queue.add(job('b-1', 3_600_000));
    expect(await queue.counts()).toMatchObject({
      cleanup: { prioritized: 3, waiting: 0 },
      notify: { waiting: 1 },
      backup: { waiting: 0, delayed: 1 },
      verify: { waiting: 0, prioritized: 0, delayed: 0, active: 0, completed: 0, failed: 0 },
    });
    const done: string[] = [];
    const settings = { redisUrl: new Secret(url), connectionName: 'w', prefix: 'hz' };
    const worker = new Worker(
      'cleanup',
      (found) => Promise.resolve(done.push(found.name)),
      workerOptions('cleanup', settings),
    );
    cleanUps.push(() => worker.close());
    await waitUntil(() => done.length === 3, { what: 'three jobs' });
    expect(done).toEqual(['marks', 'delete', 'cleanup']);
  });

  it('knows which jobs are live', async () => {
    const { url } = await redis();
    const queue = open(url);
    const live = (id: string) => queue.isLive('verify', id);
    const verify = (jobId: string) => ({ name: 'verify', payload: { taskId: 't' }, jobId }) as const;
    expect(await live('never')).toBe(false);
    await queue.add(verify('ok-1'));
    await queue.add(verify('bad-1'));
    await queue.add({ ...verify('later-1'), delayMs: 3_600_000 });
    await queue.add({ name: 'cleanup', payload: { taskId: 't' }, jobId: 'prio-1' });
    expect(await Promise.all([live('ok-1'), live('later-1'), queue.isLive('cleanup', 'prio-1')])).toEqual([
      true,
      true,
      true,
    ]);
    const go = Promise.withResolvers<undefined>();
    const worker = new Worker(
      'verify',
      async (found) => {
        await go.promise;
        if (found.id === 'bad-1') throw new Error('no');
      },
      workerOptions('verify', { redisUrl: new Secret(url), connectionName: 'w', prefix: 'hz', concurrency: 2 }),
    );
    cleanUps.push(() => worker.close());
    await waitUntil(async () => (await queue.counts()).verify.active === 2, { what: 'active jobs' });
    expect(await live('ok-1')).toBe(true);
    go.resolve(undefined);
    await waitUntil(async () => (await queue.counts()).verify.active === 0, { what: 'their end' });
    expect(await Promise.all([live('ok-1'), live('bad-1')])).toEqual([false, false]);
    expect((await queue.counts()).verify).toMatchObject({ completed: 1, failed: 1 });
  });

  it.each(['a:b', '42', ''])('refuses the job id %j', async (jobId) => {
    const queue = open('redis://127.0.0.1:1');
    expect(await failureOf(queue.add(job(jobId)))).toMatchObject({ code: 'internal/unexpected', retry: 'no-retry' });
  });
});

describe('a job queue without Redis', () => {
  it('fails at once while Redis is down, also when it was never up, and works again when it is back', async () => {
    const server = await redis();
    await server.stop();
    const queue = open(server.url);
    const [atFirst, firstTook] = await timed(failureOf(queue.add(job('lost-1'))));
    expect(atFirst).toMatchObject({ code: 'queue/unavailable', stage: 'queue', retry: 'retry' });
    expect(atFirst.hint).toMatch(/REDIS_URL/);
    expect(firstTook).toBeLessThan(1_500);

    await server.start();
    await waitUntil(() => queue.add(job('b-1')).then(() => true), { what: 'the queue to work' });
    await server.stop();
    const [, took] = await timed(failureOf(queue.add(job('lost-2'))));
    expect(took).toBeLessThan(1_500);
    expect(await failureOf(queue.isLive('backup', 'b-1'))).toMatchObject({ code: 'queue/unavailable' });
    expect(await failureOf(queue.counts())).toMatchObject({ code: 'queue/unavailable' });

    await server.start();
    await waitUntil(() => queue.add(job('b-2')).then(() => true), { what: 'the queue to work again' });
    const ids = (await look(server.url).getJobs()).map((found) => found.id);
    expect(ids.sort()).toEqual(['b-1', 'b-2']);
  });

  it('rides over a restart that is short', async () => {
    const server = await redis();
    const queue = open(server.url);
    await queue.ping(2_000);
    await server.stop();
    await server.start();
    await queue.add(job('b-1'));
    expect(await queue.isLive('backup', 'b-1')).toBe(true);
  });

  it('keeps its deadline on a server that is frozen, and works on when it thaws', async () => {
    const server = await redis();
    const queue = open(server.url, { deadlineMs: 500 });
    await queue.ping(2_000);
    server.freeze();
    const [error, took] = await timed(failureOf(queue.add(job('frozen-1'))));
    expect(error).toMatchObject({ code: 'queue/unavailable', retry: 'retry' });
    expect(took).toBeGreaterThan(400);
    expect(took).toBeLessThan(1_000);
    // Not sent any more, for there is no connection that answers.
    await failureOf(queue.add(job('frozen-2')));
    server.thaw();
    await waitUntil(() => queue.add(job('after-1')).then(() => true), { what: 'the queue to work' });
    const ids = (await look(server.url).getJobs()).map((found) => found.id);
    expect(ids).toContain('after-1');
    expect(ids).not.toContain('frozen-2');
  });

  it('does not send later what a silent network swallowed', async () => {
    const server = await redis();
    const proxy = await startTcpProxy(server.url);
    cleanUps.push(() => proxy.close());
    const queue = open(proxy.uri, { deadlineMs: 500 });
    await queue.ping(2_000);
    proxy.silence();
    const outcomes = await Promise.all([1, 2, 3].map((number) => timed(failureOf(queue.add(job(`hole-${number}`))))));
    for (const [error, took] of outcomes) {
      expect(error.code).toBe('queue/unavailable');
      expect(took).toBeLessThan(1_000);
    }
    expect(await look(server.url).getJobs()).toEqual([]);
  });

  it('tells of a connection that is cut in the middle of a command', async () => {
    const server = await redis();
    const proxy = await startTcpProxy(server.url);
    cleanUps.push(() => proxy.close());
    const queue = open(proxy.uri);
    await queue.ping(2_000);
    server.freeze();
    const adding = failureOf(queue.add(job('cut-1')));
    setImmediate(() => proxy.reset());
    const [error, took] = await timed(adding);
    server.thaw();
    expect(error).toMatchObject({ code: 'queue/unavailable', retry: 'retry' });
    expect(took).toBeLessThan(1_000);
  });

  it('answers a ping within its limit', async () => {
    const server = await redis();
    const queue = open(server.url);
    expect(await queue.ping(2_000)).toBeLessThan(1_000);
    server.freeze();
    const [error, took] = await timed(failureOf(queue.ping(300)));
    server.thaw();
    expect(error).toMatchObject({ code: 'queue/unavailable' });
    expect(took).toBeLessThan(800);
  });

  it('is closed for good, without waiting for anybody', async () => {
    const server = await redis();
    const queue = open(server.url);
    await queue.ping(2_000);
    server.freeze();
    const under = failureOf(queue.add(job('b-1')));
    const [, took] = await timed(queue.close());
    server.thaw();
    expect(took).toBeLessThan(500);
    expect((await under).code).toBe('queue/unavailable');
    expect((await failureOf(queue.add(job('b-2')))).message).toMatch(/closed/);
  });
});

describe('a job queue on a Redis that is set up badly', () => {
  it('refuses a server that evicts', async () => {
    const evicting = open((await redis('--maxmemory-policy', 'allkeys-lru')).url);
    expect(await evicting.evictionPolicy()).toBe('allkeys-lru');
    const error = await failureOf(evicting.checkNoEviction());
    expect(error).toMatchObject({ code: 'queue/evicts', retry: 'no-retry' });
    expect(error.hint).toMatch(/noeviction/);
    await expect(open((await redis()).url).checkNoEviction()).resolves.toBeUndefined();
  });

  it('tells that the memory of Redis is full', async () => {
    const queue = open((await redis('--maxmemory', '1mb')).url);
    const error = await failureOf(queue.add(job('b-1')));
    expect(error).toMatchObject({ code: 'queue/unavailable', retry: 'retry' });
    expect(error.hint).toMatch(/maxmemory/);
    expect(await queue.evictionPolicy()).toBe('noeviction');
  });

  it('never shows the password, whatever goes wrong', async () => {
    const { port } = await redis('--requirepass', 'right');
    const troubles: AppError[] = [];
    const onTrouble = (error: AppError) => troubles.push(error);
    const wrong = open(`redis://:canary-4711@127.0.0.1:${port}/3`, { onTrouble });
    const errors = [await failureOf(wrong.add(job('b-1'))), await failureOf(wrong.ping(1_000))];
    for (const url of [
      'redis://u:canary-4711@127.0.0.1:1',
      'rediss://u:canary-4711@127.0.0.1:1',
      `rediss://:canary-4711@127.0.0.1:${port}`,
    ]) {
      errors.push(await failureOf(open(url, { onTrouble }).add(job('b-1'))));
    }
    const shown = inspect([...errors, ...troubles], { depth: 10, showHidden: true });
    expect(shown).not.toContain('canary');
    expect(errors[0]?.hint).toMatch(/password/);
    expect(troubles.length).toBeGreaterThan(0);
    const right = open(`redis://:right@127.0.0.1:${port}/3`);
    await right.add(job('b-1'));
    expect(await right.isLive('backup', 'b-1')).toBe(true);
  });
});
