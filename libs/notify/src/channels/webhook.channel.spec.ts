import { afterEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { AppError, Secret, type Clock } from '#contracts';
import { notification } from '../testing/notifications.js';
import { createWebhookChannel, type WebhookOptions } from './webhook.channel.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const never = new AbortController().signal;
const now = new Date('2026-01-02T03:10:05.900Z');
const clock: Clock = { now: () => now, monotonicMs: () => 0 };

interface Received {
  readonly request: IncomingMessage;
  readonly body: string;
}

async function sink(reply: (response: ServerResponse, received: Received) => void) {
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const one = { request, body: Buffer.concat(parts).toString() };
      received.push(one);
      reply(response, one);
    });
    response.on('error', () => undefined);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, received, server };
}

function channel(url: string, changes: Partial<WebhookOptions> = {}) {
  return createWebhookChannel({ url: new Secret(url), secret: new Secret('canary-secret-4711'), clock, ...changes });
}

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`No AppError but ${inspect(error)}`);
  expect(error).toMatchObject({ code: 'notify/failed', stage: 'notify' });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('canary');
  return error;
}

const end =
  (status: number, headers = {}) =>
  (response: ServerResponse) =>
    response.writeHead(status, headers).end('canary reply');

describe('the webhook channel', () => {
  it('posts the alert as JSON, signed so that the receiver can check it', async () => {
    const { port, received } = await sink(end(204));
    await channel(`http://127.0.0.1:${port}/hooks/token?x=1`).send(notification(), never);
    const [one] = received;
    if (one === undefined) throw new Error('Nothing was received');
    const { request, body } = one;
    expect(request).toMatchObject({ method: 'POST', url: '/hooks/token?x=1' });
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'x-hazina-event': 'backup-failed',
      'x-hazina-delivery': 'n-7f3a',
    });
    const digest = createHmac('sha256', 'canary-secret-4711').update(`1767323405.${body}`).digest('hex');
    expect(request.headers['x-hazina-signature']).toBe(`t=1767323405,v1=${digest}`);
    expect(JSON.parse(body)).toEqual({
      schema: 'hazina-notification/1',
      id: 'n-7f3a',
      event: 'backup-failed',
      of: null,
      target: 'clinic',
      backupId: 'clinic-20260102T030405Z-abc123',
      correlationId: 'c-12345678',
      subject: 'backup failed: clinic',
      text: expect.stringContaining('What to do: Check that the server runs'),
      message: 'dump: connection to db.example:27017 was refused',
      hint: 'Check that the server runs',
      createdAt: '2026-01-02T03:10:00.000Z',
    });
  });

  it('sends no credentials of a message, and no signature without a secret', async () => {
    const { port, received } = await sink(end(200));
    const message = 'lost mongodb://user:canary@db';
    await channel(`http://localhost:${port}`, { secret: null }).send(notification({ message, hint: null }), never);
    expect(received[0]?.request.headers).not.toHaveProperty('x-hazina-signature');
    expect(received[0]?.body).toContain('lost mongodb://[redacted]@db');
    expect(received[0]?.body).not.toContain('canary');
  });

  it.each([
    [301, 'no-retry'],
    [307, 'no-retry'],
    [400, 'no-retry'],
    [401, 'retry'],
    [404, 'retry'],
    [410, 'no-retry'],
    [422, 'no-retry'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
  ])('takes %i as worth: %s', async (status, retry) => {
    const other = await sink(end(200));
    const { port, received } = await sink(end(status, { location: `http://127.0.0.1:${other.port}/` }));
    const error = await failureOf(channel(`http://127.0.0.1:${port}`).send(notification(), never));
    expect(error.retry).toBe(retry);
    expect(error.message).toContain(String(status));
    expect(received).toHaveLength(1);
    // No redirect is followed.
    expect(other.received).toHaveLength(0);
  });

  it('reads no more than a little of a reply without an end', async () => {
    let sent = 0;
    const { port, server } = await sink((response) => {
      response.writeHead(200);
      const flood = () => {
        while (!response.destroyed) {
          sent += 16_384;
          if (!response.write(Buffer.alloc(16_384))) break;
        }
      };
      response.on('drain', flood);
      flood();
    });
    const ended = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
    await channel(`http://127.0.0.1:${port}`).send(notification(), never);
    await ended;
    // What the two kernels buffer comes on top of the 64 KiB.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('is content with a status, when the rest of the reply never comes', async () => {
    const { port } = await sink((response) => response.writeHead(200, { 'content-length': 10 }).flushHeaders());
    const start = performance.now();
    await channel(`http://127.0.0.1:${port}`).send(notification(), never);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  it('gives up on an endpoint that hangs, and ends with its signal', async () => {
    const { port, server } = await sink(() => undefined);
    const error = await failureOf(channel(`http://127.0.0.1:${port}`, { timeoutMs: 200 }).send(notification(), never));
    expect(error).toMatchObject({ message: 'The webhook did not answer within 200 ms', retry: 'retry' });
    const stop = new AbortController();
    const sending = failureOf(channel(`http://127.0.0.1:${port}`).send(notification(), stop.signal));
    server.once('request', () => stop.abort());
    await sending;
  });

  it('gives up on a name server that hangs', async () => {
    const hanging = channel('http://hooks.example', { timeoutMs: 200, resolve: () => new Promise(() => undefined) });
    expect((await failureOf(hanging.send(notification(), never))).message).toMatch(/within 200 ms/);
  });

  it('says that nobody listens, or that the host is unknown', async () => {
    expect((await failureOf(channel('http://u:canary@127.0.0.1:1/canary').send(notification(), never))).message).toBe(
      'The webhook was not reached (ECONNREFUSED)',
    );
    const unknown = () => Promise.reject(Object.assign(new Error('canary.example'), { code: 'ENOTFOUND' }));
    const error = await failureOf(channel('http://canary.example', { resolve: unknown }).send(notification(), never));
    expect(error).toMatchObject({ message: "The webhook's host was not found (ENOTFOUND)", retry: 'retry' });
  });

  it('connects to the address that was checked, and asks once', async () => {
    const { port, received } = await sink(end(200));
    const answers = ['10.255.255.1', '127.0.0.1'];
    let asked = 0;
    const resolve = () => Promise.resolve([{ address: answers[asked++] ?? '', family: 4 }]);
    const rebinding = channel(`http://hooks.example:${port}`, { resolve, timeoutMs: 300 });
    // First a private address that nobody answers on: never the second answer, which is this machine.
    await failureOf(rebinding.send(notification(), never));
    expect(asked).toBe(1);
    const error = await failureOf(rebinding.send(notification(), never));
    expect(error.message).toMatch(/this machine itself/);
    expect(received).toHaveLength(0);
  });
});
