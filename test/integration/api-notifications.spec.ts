import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiWorld } from '../support/api-world.js';

// POST /api/admin/notifications/test: does an alert reach people?

jest.setTimeout(60_000);

let sink: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let received: { event: string | undefined; id: string | undefined; signature: string | undefined; body: string }[];
let world: ApiWorld;
beforeAll(async () => {
  received = [];
  sink = createServer((request, response) => {
    const { 'x-hazina-event': event, 'x-hazina-delivery': id, 'x-hazina-signature': signature } = request.headers;
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.once('end', () => {
      received.push({ event: String(event), id: String(id), signature: String(signature), body });
      answer(request, response);
    });
  });
  await new Promise<void>((done) => sink.listen(0, '127.0.0.1', done));
  world = await ApiWorld.start({
    environment: {
      NOTIFY_WEBHOOK_URL: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/canary-path`,
      NOTIFY_WEBHOOK_SECRET: 'canary-secret-of-the-webhook',
      SMTP_URL: 'smtp://canary-user:canary-password@127.0.0.1:1',
      NOTIFY_EMAIL_FROM: 'hazina@example.org',
      NOTIFY_EMAIL_TO: 'ops@example.org',
    },
  });
});
afterAll(async () => {
  await world.close();
  sink.closeAllConnections();
  await new Promise((done) => sink.close(done));
});

const send = (token = world.token('admin', { sub: 'ann' })) =>
  world.post('/api/admin/notifications/test', undefined, { token });
interface Tried {
  readonly channel: string;
  readonly delivered: boolean;
  readonly error: string | null;
}
const channelsOf = (body: Record<string, unknown>) =>
  Object.fromEntries((body['channels'] as Tried[]).map((tried) => [tried.channel, tried]));

it('sends by each channel, and tells of each what came of it, without a secret', async () => {
  answer = (_request, response) => response.end();
  const reply = await send();
  expect(reply.status).toBe(200);
  const { webhook, email } = channelsOf(reply.body);
  expect(webhook).toMatchObject({ delivered: true, error: null, hint: null });
  expect(email).toMatchObject({ delivered: false, error: expect.stringContaining('ECONNREFUSED') as unknown });
  expect(reply.text).not.toContain('canary');
  const id = String(reply.body.notificationId);
  expect(received.at(-1)).toMatchObject({
    event: 'test',
    id,
    signature: expect.stringMatching(/^t=\d+,v1=/) as unknown,
  });
  expect(JSON.parse(received.at(-1)?.body ?? '')).toMatchObject({ message: 'Asked for by ann' });
  expect(await world.auditEntries()).toContainEqual(
    expect.objectContaining({ event: 'notification_test', actor: 'ann', resource: id, outcome: 'success' }),
  );
  expect(world.lines.join('')).not.toContain('canary');
  // It is a test, and no alert that would be tried again.
  expect(await world.documents('notifications')).toEqual([]);
});

it('tells of a receiver that refuses, and of one that says nothing, in time', async () => {
  answer = (_request, response) => response.writeHead(404).end('canary');
  expect(channelsOf((await send()).body)['webhook']).toMatchObject({
    ...{ delivered: false, error: 'The webhook refused the message (404)' },
  });
  answer = () => undefined;
  const began = performance.now();
  const reply = await send();
  expect(performance.now() - began).toBeLessThan(3_000);
  expect({ status: reply.status, ...channelsOf(reply.body)['webhook'] }).toMatchObject({
    ...{ status: 200, delivered: false, error: expect.stringMatching(/^No answer within \d+ ms$/) as unknown },
  });
});

it('is for admins', async () => {
  for (const role of ['viewer', 'operator'] as const) expect((await send(world.token(role))).status).toBe(403);
});
