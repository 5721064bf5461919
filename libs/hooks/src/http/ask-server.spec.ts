import { afterEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { Secret, signatureOf, type HostAddress } from '#contracts';
import {
  accepts,
  drips,
  floods,
  hangs,
  HttpSink,
  redirectsTo,
  type SinkBehaviour,
} from '../../../../test/support/http-sink.js';
import type { HookInput } from '../hook.js';
import { askServer } from './ask-server.js';

const sinks: HttpSink[] = [];
afterEach(() => Promise.all(sinks.splice(0).map((sink) => sink.close())));

const at = new Date('2026-11-23T02:00:00.000Z');
const clock = { now: () => at, monotonicMs: () => 0 };
const input: HookInput = {
  ...{ schema: 'hazina-hook/1', event: 'backup.before', at: at.toISOString(), target: 'clinic', attempt: 1 },
  ...{ backupId: 'clinic-20261123T020000Z-k3f9q2', trigger: 'manual', slot: null, correlationId: null },
  ...{ outcome: null, error: null, backup: null },
};

async function serving(behaviour: SinkBehaviour): Promise<{ sink: HttpSink; url: URL }> {
  const sink = await HttpSink.start(behaviour);
  sinks.push(sink);
  return { sink, url: new URL(`${sink.url}/hook?token=t0k3n-in-url`) };
}

interface Asking {
  readonly resolve?: (host: string) => Promise<HostAddress[]>;
  readonly ms?: number;
  readonly event?: HookInput['event'];
}

function ask(url: URL, more: Asking = {}) {
  const call = { kind: 'http', url: new Secret(url.href), secret: new Secret('k'.repeat(16)) } as const;
  const { resolve, ms = 10_000, event = 'backup.before' } = more;
  const deps = { clock, signal: new AbortController().signal, ...(resolve === undefined ? {} : { resolve }) };
  return askServer(call, { ...input, event }, deps, AbortSignal.timeout(ms));
}

it('posts what it knows, signed', async () => {
  const { sink, url } = await serving(accepts);
  expect(await ask(url)).toEqual({ kind: 'yes' });
  const body = JSON.stringify(input);
  const [request] = sink.requests;
  expect(request).toMatchObject({ method: 'POST', body, headers: { 'x-hazina-event': 'backup.before' } });
  expect(request?.headers['x-hazina-signature']).toBe(signatureOf(body, at, new Secret('k'.repeat(16))));
});

it.each([
  [200, '{"veto": "month end"}', { kind: 'no', reason: 'month end' }],
  [204, '', { kind: 'yes' }],
  [409, 'month\nend', { kind: 'no', reason: 'it answered 409: month end' }],
  [429, '', { kind: 'failed', reason: 'it answered 429', again: true }],
  [503, 'down', { kind: 'failed', reason: 'it answered 503: down', again: true }],
])('the answer %i %s', async (status, text, verdict) => {
  const { url } = await serving((reply) => void reply.writeHead(status).end(text));
  expect(await ask(url)).toEqual(verdict);
});

it('what a server repeats of the URL is not told', async () => {
  const { url } = await serving(
    (reply, { path }) => void reply.writeHead(403).end(`no ${reply.req.headers.host}${path}`),
  );
  const answer = await ask(url);
  expect(answer).toMatchObject({ kind: 'no' });
  expect(JSON.stringify(answer)).not.toContain('t0k3n');
});

it.each<[string, SinkBehaviour]>([
  ['has no end', floods],
  [
    'breaks off',
    (reply) => void reply.writeHead(200, { 'Content-Length': 90 }).write('{"veto": "no back', () => reply.destroy()),
  ],
  ['breaks off between chunks', (reply) => void reply.writeHead(200).write('fine', () => reply.destroy())],
])(
  'a good reply that %s is a yes after a backup, and before it no answer: a veto may be in the rest',
  async (_what, behaviour) => {
    const { url } = await serving(behaviour);
    const reason = 'its answer broke off, or has more than 1 MiB';
    expect(await ask(url)).toEqual({ kind: 'failed', reason, again: true });
    expect(await ask(url, { event: 'backup.after' })).toEqual({ kind: 'yes' });
  },
);

it('a reason may be long', async () => {
  const { url } = await serving(
    (reply) => void reply.end(JSON.stringify({ veto: `${'x'.repeat(100_000)} month end` })),
  );
  expect(await ask(url)).toMatchObject({ kind: 'no', reason: expect.stringMatching(/x month end$/) as unknown });
});

describe('where it may lead', () => {
  it('follows no redirect', async () => {
    const inner = await serving(accepts);
    const { url } = await serving(redirectsTo(inner.url.href));
    expect(await ask(url)).toMatchObject({ kind: 'failed', again: false });
    expect(inner.sink.requests).toEqual([]);
  });

  it.each([
    ['http://169.254.169.254/latest', undefined],
    ['http://[fd00:ec2::254]/', undefined],
    ['http://hooks.example/', '169.254.169.254'],
    ['http://hooks.example/', '127.0.0.1'],
    ['http://hooks.example/', '::ffff:127.0.0.1'],
  ])('calls neither %s nor a name that resolves to %s', async (url, address) => {
    const resolve = () => Promise.resolve([{ address: address ?? '', family: address?.includes(':') ? 6 : 4 }]);
    expect(await ask(new URL(url), { resolve })).toMatchObject({ kind: 'failed', again: false });
  });

  it('connects to the address that was checked, whatever a name server says next', async () => {
    const { sink } = await serving(accepts);
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
    };
    expect(await ask(new URL(`http://localhost:${sink.port}/`), { resolve })).toEqual({ kind: 'yes' });
    expect(asked).toBe(1);
  });
});

it.each([
  ['says nothing', hangs],
  ['never ends its head', drips],
  ['never ends its body', (reply: ServerResponse) => void reply.writeHead(200).write('{"veto"')],
])('does not wait for ever for a server that %s', async (_what, behaviour) => {
  const { url } = await serving(behaviour);
  expect(await ask(url, { ms: 300 })).toEqual({ kind: 'failed', reason: 'no answer in time', again: true });
});

it('nothing that it says of a server that is gone names the URL', async () => {
  const { sink, url } = await serving(accepts);
  await sink.close();
  sinks.length = 0;
  const gone = await ask(url);
  expect(gone).toEqual({ kind: 'failed', reason: 'not reached (ECONNREFUSED)', again: true });
});
