import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { generateKeyPairSync, randomBytes, scryptSync } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { services, waitUntil } from '../services/services.js';
import { makeToken } from '../support/api-client.js';
import { forge, type Forge } from '../support/forge-token.js';
import { HttpSink } from '../support/http-sink.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import { ProcessWatch, type Seen } from '../support/process-watch.js';
import { readReply, requestBytes, sendBytes, type RawReply } from '../support/raw-http.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { hostileBodies } from './hostile/hostile-bodies.js';
import { hostileBytes } from './hostile/hostile-bytes.js';
import { hostileIds } from './hostile/hostile-ids.js';
import { hostileQueries } from './hostile/hostile-queries.js';
import type { HostileRequest } from './hostile/hostile-request.js';
import { hostileTokens } from './hostile/hostile-tokens.js';

// F40: hostile requests as data (test/faults/hostile), sent as bytes to real processes. Each is refused with a problem document within a second; no stack, no secret in
// reply or log (I6); memory and event loop stay bounded (I9, I10); nothing is called outside.

const patience = 120_000;
const limitMs = 1_000;
/** Whatever goes on, an answer is due within this time. */
const deadlineMs = 3_000;
/** For a thousand at once, most of whose time this process takes itself. */
const patientMs = 30_000;
const mostRssGrowth = 200 * 1024 * 1024;
const secrets = { METRICS_TOKEN: 'canary-metrics-token', ADMIN_PASSWORD_HASH: passwordHash('a long passphrase') };
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const strangers = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();

let world: ServiceWorld;
let sink: HttpSink;
/** Tokens by a secret, and by a public key. */
let api: ServiceProcess;
let publicApi: ServiceProcess;
let tools: Forge;
const replies: string[] = [];

beforeAll(async () => {
  sink = await HttpSink.start();
  world = await ServiceWorld.create('folder');
  const common = { METRICS_TOKEN: secrets.METRICS_TOKEN, TRUST_PROXY: '1' };
  const login = { ADMIN_USERNAME: 'keeper', ADMIN_PASSWORD_HASH: secrets.ADMIN_PASSWORD_HASH };
  api = await world.startApi({ ...common, ...login });
  publicApi = await world.startApi({ ...common, JWT_SECRET: '', JWT_PUBLIC_KEY: publicKey });
  tools = { secret: world.jwtSecret, publicKey, privateKey: strangers.privateKey, sink: `127.0.0.1:${sink.port}` };
}, patience);

afterAll(async () => {
  try {
    expect({ connections: sink.connections, requests: sink.requests }).toEqual({ connections: 0, requests: [] });
    const [begun] = await world.records();
    expect({ begun, lines: api.lines.filter(({ status }) => status === 202) }).toEqual({ begun: undefined, lines: [] });
    expectNoSecret(replies.join('\n'), 'a reply');
    for (const service of [api, publicApi])
      expectNoSecret(service.lines.map((line) => JSON.stringify(line)).join('\n') + service.text.join('\n'), 'the log');
    expect([...api.text, ...publicApi.text]).toEqual([]);
    expect([...api.lines, ...publicApi.lines].filter(({ level }) => level === 'error' || level === 'fatal')).toEqual(
      [],
    );
    await expectNothingLeft(world, [api, publicApi]);
  } finally {
    await world.close();
    await sink.close();
  }
}, patience);

/** The least cost that is usual: 32 MiB. */
function passwordHash(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 });
  return `scrypt$${2 ** 15}$8$1$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function expectNoSecret(text: string, where: string): void {
  const all = [
    world.jwtSecret,
    world.key.slice(4),
    services().s3.secretAccessKey,
    ...Object.values(secrets),
    'canary@h',
  ];
  for (const secret of all) expect(text.includes(secret) ? `${secret} in ${where}` : '').toBe('');
}

/** What every refusal is, whatever was asked. */
function faultsOf(reply: RawReply | null, expected: readonly number[]): string[] {
  if (reply === null) return expected.length === 0 ? [] : ['no reply'];
  replies.push(reply.body);
  const { status, headers, body, milliseconds } = reply;
  const faults: string[] = [];
  if (expected.length > 0 && !expected.includes(status)) faults.push(`${status} instead of ${expected.join(' or ')}`);
  if (milliseconds > limitMs) faults.push(`${Math.round(milliseconds)} ms`);
  if (headers['content-type'] !== 'application/problem+json')
    return [...faults, `${headers['content-type'] ?? 'no type'}: ${body}`];
  const problem = JSON.parse(body) as Record<string, unknown>;
  if (problem['status'] !== status) faults.push('a problem of another status');
  if (!/^https:\/\/hazina\.dev\/problems\/[a-z-]+$/.test(String(problem['type']))) faults.push('no type');
  if (problem['correlationId'] !== headers['x-correlation-id']) faults.push('no correlation id');
  if (/node_modules|\bat [\w.]+ \(|\.[cm]?[jt]s:\d|MongoServerError|ReplyError/.test(body))
    faults.push(`a stack: ${body}`);
  return faults;
}

/** A reply that was late, or a service that was out of reach: what a machine that stands still for seconds makes of a good reply too. */
const isOutage = (fault: string): boolean => /^503 instead of|^\d+ ms$/.test(fault);

/** Four at a time meet a pause or two; a request that puts the service out of reach for its neighbours makes more of them. */
const mostOutages = 12;

/** Sends all, some at a time; what was wrong, by name. Who met nothing but an outage is asked once more: what our own code takes too long for is late again. */
async function storm<T extends { readonly name: string }>(
  items: readonly T[],
  send: (item: T, at: number) => Promise<string[]>,
  atATime = 4,
): Promise<Record<string, string[]>> {
  const wrong = await sendAll(items, send, atATime);
  const again = items.filter(({ name }) => wrong[name]?.every(isOutage) === true);
  if (again.length > mostOutages) return wrong;
  for (const { name } of again) Reflect.deleteProperty(wrong, name);
  return { ...wrong, ...(await sendAll(again, send, 1)) };
}

async function sendAll<T extends { readonly name: string }>(
  items: readonly T[],
  send: (item: T, at: number) => Promise<string[]>,
  atATime: number,
): Promise<Record<string, string[]>> {
  const wrong: Record<string, string[]> = {};
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [at, item] of queue) {
      const faults = await send(item, at).catch((error: unknown) => [String(error)]);
      if (faults.length > 0) wrong[item.name] = faults;
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  return wrong;
}

function headersFor(as: HostileRequest['as'], at: number): (readonly [string, string])[] {
  // Each with a limit of its own: what is tried here is not the throttle.
  const address = ['X-Forwarded-For', `198.18.${at >> 8}.${at & 255}`] as const;
  return as === 'nobody' ? [address] : [address, ['Authorization', `Bearer ${makeToken(world.jwtSecret, as)}`]];
}

async function sendRequest(
  { as, method, path, headers = [], body, expect: wanted }: HostileRequest,
  at: number,
): Promise<string[]> {
  const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = isRaw ? body : JSON.stringify(body);
  const type = isRaw ? [] : [['Content-Type', 'application/json'] as const];
  const request = requestBytes(
    method,
    path,
    [['X-Correlation-Id', `hostile-${at}`], ...headersFor(as, at), ...type, ...headers],
    bytes,
  );
  return faultsOf(await sendBytes(api.port, request), wanted);
}

/** The process stayed small and awake, and spoke to nobody but its own services. */
function expectCalm(seen: Seen, lagMs = limitMs, probeMs = deadlineMs): void {
  expect(seen.strangers).toEqual([]);
  expect(seen.mostRssBytes - seen.rssBeforeBytes).toBeLessThan(mostRssGrowth);
  expect(seen.eventLoopLagMs).toBeLessThan(lagMs);
  expect(seen.slowestProbeMs).toBeLessThan(probeMs);
  expect(seen.probes).toBeGreaterThan(0);
}

it.each<[string, readonly HostileRequest[], number]>([
  ['ids', hostileIds, 400],
  ['queries', hostileQueries, 250],
  ['bodies', hostileBodies, 200],
])(
  'F40 hostile %s: each a 4xx problem within a second',
  async (_name, requests, least) => {
    expect(requests.length).toBeGreaterThan(least);
    const watch = await ProcessWatch.start(api);
    const wrong = await storm(requests, sendRequest);
    expectCalm(await watch.stop());
    expect(wrong).toEqual({});
  },
  patience,
);

it(
  'F40 what no client of ours sends stands in the audit log',
  async () => {
    expect(await storm(hostileBodies.slice(0, 10), sendRequest)).toEqual({});
    const admin = world.as('admin', api);
    const entries = async () => {
      const { data } = (await admin.get('/api/admin/audit?event=input_validation_fail&limit=200')).body;
      return (data ?? []) as Record<string, unknown>[];
    };
    // The sum of those of a minute, which may stand there already, names no single resource.
    const single = async () => (await entries()).find(({ resource }) => resource !== null);
    const entry = await waitUntil(single, { what: 'the entry' });
    expect(entry).toMatchObject({ outcome: 'failure', address: expect.any(String), resource: expect.any(String) });
    expectNoSecret(JSON.stringify(await entries()), 'the audit log');
  },
  patience,
);

it(
  'F40 hostile tokens: each 401 or 403, by secret and by public key; no key is fetched',
  async () => {
    expect(hostileTokens.length).toBeGreaterThan(100);
    const watch = await ProcessWatch.start(api);
    const bySecret = await storm(hostileTokens, async (token, at) => {
      const headers = [
        ['X-Forwarded-For', `198.19.${at >> 8}.${at & 255}`],
        ['Authorization', forge(token, tools)],
      ] as const;
      return faultsOf(await sendBytes(api.port, requestBytes('GET', '/api/admin/backups', headers)), [token.expect]);
    });
    expectCalm(await watch.stop());
    expect(bySecret).toEqual({});
    // To the one that knows a public key none of them is signed, not even by HMAC with that key as the secret.
    const byKey = await storm(hostileTokens, async (token, at) => {
      const headers = [
        ['X-Forwarded-For', `198.19.${at >> 8}.${at & 255}`],
        ['Authorization', forge(token, tools)],
      ] as const;
      return faultsOf(await sendBytes(publicApi.port, requestBytes('GET', '/api/admin/backups', headers)), [401]);
    });
    expect(byKey).toEqual({});
  },
  patience,
);

it(
  'F40 bytes that are no request: each refused, and the next client is served',
  async () => {
    const token = makeToken(world.jwtSecret, 'operator');
    const watch = await ProcessWatch.start(api);
    const wrong = await storm(hostileBytes, async ({ bytes, expect: wanted }) => {
      const text = typeof bytes === 'string' ? bytes.replaceAll('TOKEN', token).replaceAll('SINK', tools.sink) : bytes;
      return faultsOf(await sendBytes(api.port, typeof text === 'string' ? Buffer.from(text, 'latin1') : text), wanted);
    });
    expectCalm(await watch.stop());
    expect(wrong).toEqual({});
    expect((await world.as('viewer', api).get('/api/admin/backups')).status).toBe(200);
  },
  patience,
);

it(
  'F40 fifty megabytes of JSON, with a length and in chunks, ten at a time: 413 at once, and none of it is kept',
  async () => {
    const authorization = ['Authorization', `Bearer ${makeToken(world.jwtSecret, 'operator')}`] as const;
    const json = ['Content-Type', 'application/json'] as const;
    const body = Buffer.concat([Buffer.from('{"label":"'), Buffer.alloc(50_000_000, 'x'), Buffer.from('"}')]);
    const whole = requestBytes('POST', '/api/admin/backups/trigger', [authorization, json], body);
    const head = requestBytes('POST', '/api/admin/backups/trigger', [
      authorization,
      json,
      ['Transfer-Encoding', 'chunked'],
    ]);
    const chunk = Buffer.from(`${body.length.toString(16)}\r\n`);
    const chunked = Buffer.concat([head, chunk, body, Buffer.from('\r\n0\r\n\r\n')]);
    const watch = await ProcessWatch.start(api);
    const big = Array.from({ length: 10 }, (_, at) => ({ name: `body ${at}`, bytes: at % 2 === 0 ? whole : chunked }));
    const wrong = await storm(big, async ({ bytes }) => faultsOf(await sendBytes(api.port, bytes), [413]), 10);
    expectCalm(await watch.stop());
    expect(wrong).toEqual({});
  },
  patience,
);

it(
  'F40 heads that never end: given up after ten seconds, and meanwhile everybody else is served',
  async () => {
    const watch = await ProcessWatch.start(api);
    const sockets: Socket[] = [];
    const started = performance.now();
    const drips = setInterval(() => sockets.forEach((socket) => socket.writable && socket.write('x')), 500);
    try {
      const slow = Array.from({ length: 200 }, async () => {
        const socket = connect(api.port, '127.0.0.1');
        sockets.push(socket);
        socket.write('GET /api/admin/backups HTTP/1.1\r\nHost: api\r\nX-Slow: ');
        return readReply(socket, started, 20_000);
      });
      expect((await world.as('viewer', api).get('/api/admin/backups')).status).toBe(200);
      const ended = await Promise.all(slow);
      expect(performance.now() - started).toBeLessThan(14_000);
      expect(new Set(ended.map((reply) => reply?.status))).toEqual(new Set([408]));
      expect(new Set(ended.map((reply) => reply?.headers['content-type']))).toEqual(
        new Set(['application/problem+json']),
      );
    } finally {
      clearInterval(drips);
      for (const socket of sockets) socket.destroy();
    }
    expectCalm(await watch.stop());
  },
  patience,
);

it.each([
  ['from one address', () => '198.51.100.1'],
  ['each from another', (at: number) => `203.0.${at >> 8}.${at & 255}`],
])(
  'F40 a thousand logins at once, %s: refused but for a few, and the rest of the service goes on',
  async (_name, addressOf) => {
    const body = JSON.stringify({ username: 'keeper', password: 'a wrong passphrase' });
    const watch = await ProcessWatch.start(api);
    const statuses: Record<number, number> = {};
    const logins = Array.from({ length: 1_000 }, (_, at) => ({ name: `login ${at}`, at }));
    const wrong = await storm(
      logins,
      async ({ at }) => {
        const headers = [
          ['X-Forwarded-For', addressOf(at)],
          ['Content-Type', 'application/json'],
        ] as const;
        const reply = await sendBytes(api.port, requestBytes('POST', '/api/auth/login', headers, body), patientMs);
        statuses[reply?.status ?? 0] = (statuses[reply?.status ?? 0] ?? 0) + 1;
        // A thousand at once on this machine: some wait for their turn, and what waits too long is told so (503). No reply is a fault.
        return faultsOf(reply === null ? null : { ...reply, milliseconds: 0 }, [401, 429, 503]);
      },
      1_000,
    );
    const seen = await watch.stop();
    expect(wrong).toEqual({});
    // Ten of an address at most, and never more than ten at a time: each check costs 32 MiB.
    expect((statuses[401] ?? 0) + (statuses[503] ?? 0)).toBeGreaterThan(0);
    expect(statuses[429]).toBeGreaterThan(900);
    // The probe waits behind a thousand connections.
    expectCalm(seen, deadlineMs, patientMs);
    const good = JSON.stringify({ username: 'keeper', password: 'a long passphrase' });
    const headers = [
      ['X-Forwarded-For', '192.0.2.1'],
      ['Content-Type', 'application/json'],
    ] as const;
    const signIn = async () =>
      (await sendBytes(api.port, requestBytes('POST', '/api/auth/login', headers, good)))?.status;
    await waitUntil(async () => (await signIn()) === 200, { what: 'a good login', intervalMs: 500 });
  },
  patience,
);
