import { afterEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Worker } from 'bullmq';
import { Secret, systemClock } from '#contracts';
import { JOB_QUEUE, QueueModule, workerOptions, type JobQueue } from '#queue';
import { waitUntil } from '../services/wait-until.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const URL_OF_REDIS = Symbol('URL_OF_REDIS');

async function start(server: TestRedis) {
  @Module({ providers: [{ provide: URL_OF_REDIS, useValue: server.url }], exports: [URL_OF_REDIS] })
  class SettingsModule {}
  const queueModule = QueueModule.forRootAsync({
    imports: [SettingsModule],
    inject: [URL_OF_REDIS],
    useFactory: (url: string) => ({
      redisUrl: new Secret(url),
      prefix: 'hz',
      clock: systemClock,
      connectionName: 'hazina-test',
    }),
  });
  const app = await Test.createTestingModule({ imports: [queueModule] }).compile();
  await app.init();
  return { app, queue: app.get<JobQueue>(JOB_QUEUE, { strict: false }) };
}

describe('the queue module', () => {
  it('gives a job queue whose jobs a worker gets, and ends with the application', async () => {
    const server = await startRedisServer();
    cleanUps.push(() => server.close());
    const { app, queue } = await start(server);
    await queue.add({ name: 'notify', payload: { notificationId: 'n' }, jobId: 'n-1' });
    const got: unknown[] = [];
    const settings = { redisUrl: new Secret(server.url), connectionName: 'w', prefix: 'hz' };
    const worker = new Worker(
      'notify',
      (job) => Promise.resolve(got.push(job.data)),
      workerOptions('notify', settings),
    );
    await waitUntil(() => got.length > 0, { what: 'the job' });
    expect(got).toEqual([{ notificationId: 'n' }]);
    await worker.close();
    await app.close();
    await expect(queue.ping(1_000)).rejects.toMatchObject({ code: 'queue/unavailable' });
  });

  it('starts and ends without Redis, and fails fast meanwhile', async () => {
    const server = await startRedisServer();
    cleanUps.push(() => server.close());
    await server.stop();
    const { app, queue } = await start(server);
    const began = performance.now();
    const adding = queue.add({ name: 'notify', payload: { notificationId: 'n' }, jobId: 'n-1' });
    await expect(adding).rejects.toMatchObject({ code: 'queue/unavailable' });
    await app.close();
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('a worker', () => {
  it('goes on after a restart of Redis, with what was queued', async () => {
    const server = await startRedisServer();
    cleanUps.push(() => server.close());
    const { app, queue } = await start(server);
    cleanUps.push(() => app.close());
    const got: (string | undefined)[] = [];
    const settings = { redisUrl: new Secret(server.url), connectionName: 'w', prefix: 'hz' };
    const worker = new Worker('backup', (job) => Promise.resolve(got.push(job.id)), workerOptions('backup', settings));
    worker.on('error', () => undefined);
    cleanUps.push(() => worker.close());
    const add = (jobId: string) => queue.add({ name: 'backup', payload: { backupId: 'b' }, jobId });
    await add('b-1');
    await waitUntil(() => got.includes('b-1'), { what: 'the first job' });
    await server.stop();
    await server.start();
    await waitUntil(() => add('b-2').then(() => true), { what: 'the queue' });
    await waitUntil(() => got.includes('b-2'), { what: 'the second job', timeoutMs: 20_000 });
    expect(got).toEqual(['b-1', 'b-2']);
  });
});
