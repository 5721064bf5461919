import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Readable } from 'node:stream';
import { services } from '../services/services.js';
import { seedCompleted } from '../support/api-records.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';
import { Lag } from '../support/lag.js';
import { replaceCalls } from '../support/replace-calls.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// A store that takes questions and never answers: the API says so in time, and goes on.

jest.setTimeout(60_000);

let lag: Lag;
beforeAll(() => {
  lag = new Lag();
});
afterAll(() => lag.stop());

async function inTime(call: Promise<ApiReply>): Promise<ApiReply> {
  const start = performance.now();
  const reply = await call;
  // What this process is late is no delay of the API, which runs in it.
  expect(performance.now() - start - lag.since(start)).toBeLessThan(3_000);
  return reply;
}

async function expectToldAndGoingOn(world: ApiWorld): Promise<void> {
  const { backupId } = await seedCompleted(world.core, { stored: false });
  // The second look must not wait for the first, which hangs.
  for (let look = 0; look < 2; look += 1) {
    const ready = await inTime(world.get('/health/ready'));
    expect({ status: ready.status, body: ready.body }).toMatchObject({
      status: 200,
      body: { info: { storage: { status: 'up', state: 'degraded', detail: 'no answer within 2 s' } } },
    });
  }
  expect((await inTime(world.get('/api/admin/system'))).body).toMatchObject({ storage: { state: 'degraded' } });
  const download = await inTime(world.get(`/api/admin/backups/${backupId}/download`));
  expect({ status: download.status, body: download.body }).toMatchObject({
    status: 503,
    body: { type: 'https://hazina.dev/problems/request-timeout', title: 'No answer in time' },
  });
  expect(Number(download.headers.get('retry-after'))).toBeGreaterThan(0);
}

it('an S3 store: downloads are 503, the API stays ready', async () => {
  const { endpoint, accessKeyId, secretAccessKey } = services().s3;
  const proxy = await startTcpProxy(endpoint);
  proxy.silence();
  const world = await ApiWorld.start({
    environment: {
      S3_BACKUP_BUCKET: 'silent-bucket',
      S3_ENDPOINT: proxy.uri.replace('mongodb:', 'http:'),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  try {
    await expectToldAndGoingOn(world);
  } finally {
    await proxy.close();
    await world.close();
  }
});

it.each(['looking at the file', 'reading its first byte'])(
  'a download by ticket from a disk that hangs (%s) is 503 in time; one that has begun goes on',
  async (where) => {
    let isSilent = false;
    const silent = () => new Promise<never>(() => undefined);
    const world = await ApiWorld.start({
      parts: ({ store }) => ({
        store: replaceCalls(store, {
          get: async (...given) => {
            if (!isSilent) return store.get(...given);
            return where === 'looking at the file' ? silent() : new Readable({ read: () => undefined });
          },
        }),
      }),
    });
    try {
      const { backupId, bytes } = await seedCompleted(world.core);
      const { url } = (await world.get(`/api/admin/backups/${backupId}/download`)).body as { url: string };
      const path = url.slice(world.url.length);
      const whole = await fetch(`${world.url}${path}`);
      expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
      isSilent = true;
      const reply = await inTime(world.call('GET', path, { token: null }));
      expect({ status: reply.status, type: reply.body['type'] }).toEqual({
        status: 503,
        type: 'https://hazina.dev/problems/request-timeout',
      });
      expect(reply.headers.get('content-disposition')).toBeNull();
    } finally {
      await world.close();
    }
  },
);

it('a directory on a disk that hangs, which no signal reaches: the same, and one question at a time', async () => {
  let questions = 0;
  const world = await ApiWorld.start({
    parts: ({ store }) => ({
      store: new Proxy(store, {
        get: (real, name) =>
          name === 'head'
            ? () => {
                questions += 1;
                return new Promise(() => undefined);
              }
            : (Reflect.get(real, name, real) as unknown),
      }),
    }),
  });
  try {
    await expectToldAndGoingOn(world);
    // One of readiness, one of the download.
    expect(questions).toBe(2);
  } finally {
    await world.close();
  }
});
