import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes, scryptSync } from 'node:crypto';
import { Redis } from 'ioredis';
import { UnusualActivity } from '../../apps/api/src/unusual/unusual-activity.js';
import { services, waitUntil } from '../services/services.js';
import { seedCompleted } from '../support/api-records.js';
import { ApiWorld } from '../support/api-world.js';
import { EventStream } from '../support/event-stream.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// What is unusual: noticed by all replicas together, told once while it lasts, and nobody is held up by it.

jest.setTimeout(60_000);

const salt = randomBytes(16);
const hash = scryptSync('correct horse', salt, 32, { N: 2 ** 14, r: 8, p: 1 }).toString('base64');
const settings = {
  ADMIN_USERNAME: 'keeper',
  ADMIN_PASSWORD_HASH: `scrypt$${2 ** 14}$8$1$${salt.toString('base64')}$${hash}`,
  TRUST_PROXY: '127.0.0.1',
  UNUSUAL_FAILED_LOGINS: '3',
  UNUSUAL_DOWNLOADS: '2',
  UNUSUAL_DELETES: '2',
  RESTORE_TARGETS: 'staging',
  QUEUES_UI_ENABLED: 'true',
};
let world: ApiWorld;
let replica: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({ environment: settings });
  replica = await ApiWorld.start({
    environment: {
      ...settings,
      REDIS_PREFIX: world.redisPrefix,
      CATALOG_MONGODB_URI: world.core.config.catalogUri.reveal(),
    },
  });
});
afterAll(async () => {
  await replica.close();
  await world.close();
});

interface Alert {
  readonly key: string;
  readonly message: string;
}
/** The states that are raised, with their messages. */
async function raised(of = world): Promise<Alert[]> {
  for (const each of of === world ? [world, replica] : [of]) await each.app.get(UnusualActivity).settled();
  const found = (await of.documents('notifications')) as unknown as {
    raised?: string;
    message: string;
    kind: string;
  }[];
  return found.flatMap(({ raised: key, message, kind }) =>
    kind === 'unusual-activity' && key !== undefined ? [{ key, message }] : [],
  );
}
const told = async (part: string): Promise<string[]> =>
  (await raised()).flatMap(({ key, message }) => (key.includes(part) ? [message] : []));
const entries = async (part: string): Promise<Record<string, unknown>[]> =>
  (await world.auditEntries()).filter(
    ({ event, resource }) => event === 'unusual_activity' && String(resource).includes(part),
  );

let lastAddress = 0;
const address = (): string => `203.0.113.${(lastAddress += 1)}`;
const failLogin = (at: ApiWorld) =>
  at.post(
    '/api/auth/login',
    { username: 'keeper', password: 'wrong' },
    { token: null, headers: { 'x-forwarded-for': address() } },
  );

describe('counted within the window', () => {
  it('failed logins of all addresses at all replicas are told at the threshold, and once', async () => {
    await failLogin(world);
    await failLogin(replica);
    expect(await told('failed-logins')).toEqual([]);
    for (const at of [world, replica, world]) expect((await failLogin(at)).status).toBe(401);
    expect(await told('failed-logins')).toEqual(['3 logins failed within 60 minutes']);
    expect(await entries('failed-logins')).toEqual([
      expect.objectContaining({ actor: 'anonymous', outcome: 'success', detail: '3 logins failed within 60 minutes' }),
    ]);
  });

  it('downloads and deletions of one person, not of several together', async () => {
    const ids: string[] = [];
    // Three: the last good one is never deleted.
    for (const day of [1, 2, 3])
      ids.push((await seedCompleted(world.core, { at: new Date(Date.UTC(2026, 0, day)) })).backupId);
    const [first = '', second = ''] = ids;
    for (const sub of ['ann', 'bob'])
      await world.get(`/api/admin/backups/${first}/download`, { token: world.token('operator', { sub }) });
    expect(await told('downloads')).toEqual([]);
    await world.get(`/api/admin/backups/${second}/download`, { token: world.token('operator', { sub: 'ann' }) });
    expect(await told('downloads')).toEqual(['2 downloads were asked for by ann within 60 minutes']);
    const remove = (backupId: string) =>
      world.call('DELETE', `/api/admin/backups/${backupId}`, { token: world.token('admin', { sub: 'eve' }) });
    for (const backupId of [first, second]) expect((await remove(backupId)).status).toBe(202);
    expect(await told('deletes')).toEqual(['2 backups were deleted by eve within 60 minutes']);
    expect(await entries('deletes')).toEqual([expect.objectContaining({ actor: 'eve' })]);
  });
});

it('each restore over data is told, and a restore into an empty target is not', async () => {
  const { backupId } = await seedCompleted(world.core);
  const token = world.token('admin', { sub: 'max' });
  const restore = async (body: object): Promise<void> => {
    const path = `/api/admin/backups/${backupId}/restore` as const;
    const reply = await world.post(path, { targetName: 'staging', ...body }, { token });
    expect(reply.status).toBe(202);
    await world.post(`/api/admin/restores/${String(reply.body.restoreId)}/cancel`, undefined, { token });
  };
  await restore({ mode: 'into-empty' });
  expect(await told('restores-over-data')).toEqual([]);
  await restore({ mode: 'replace', confirm: 'staging' });
  expect(await told('restores-over-data')).toEqual([
    `1 restore(s) over data or users by max (the last: ${backupId} into staging, replace) within 60 minutes`,
  ]);
});

describe('a new place', () => {
  const come = (sub: string, from: string, claims: object = {}, role: 'admin' | 'viewer' = 'admin', at = world) =>
    at.get('/api/admin/backups', {
      token: world.token(role, { sub, ...claims }),
      headers: { 'x-forwarded-for': from },
    });

  it('of a subject that was seen elsewhere is told; its first one and one that is known are not', async () => {
    await come('carol', '192.0.2.10');
    await come('carol', '192.0.2.10', {}, 'admin', replica);
    expect(await told('new-place/carol')).toEqual([]);
    await come('carol', '192.0.2.11', {}, 'admin', replica);
    expect(await told('new-place/carol')).toEqual([
      'A token of carol (admin) is used from 192.0.2.11, where it was not used before',
    ]);
    await come('carol', '192.0.2.12');
    expect(await entries('new-place/carol')).toHaveLength(1);
  });

  it('of one token is told in other words, and those of viewers are nobody’s business', async () => {
    const jti = randomBytes(8).toString('hex');
    await come('dave', '2001:db8:1:1::1', { jti });
    await come('dave', '2001:db8:1:1::2', { jti });
    expect(await told('new-place/dave')).toEqual([]);
    await come('dave', '2001:db8:2:2::1', { jti });
    expect(await told('new-place/dave')).toEqual([expect.stringMatching(/^One token of dave .* 2001:db8:2:2::\/64/)]);
    for (const from of ['192.0.2.20', '192.0.2.21']) await come('vera', from, {}, 'viewer');
    expect(await told('new-place/vera')).toEqual([]);
  });

  it('that the subject was seen in before is none, whatever token it comes with', async () => {
    const jti = randomBytes(8).toString('hex');
    for (const from of ['192.0.2.40', '192.0.2.41']) await come('erin', from);
    await clearAll();
    await come('erin', '192.0.2.40', { jti });
    await come('erin', '192.0.2.41', { jti });
    expect(await told('new-place/erin')).toEqual([]);
  });

  it('is one as well for who logs in on a page, uses its session, or listens by a ticket', async () => {
    await come('fred', '192.0.2.50');
    const token = world.token('admin', { sub: 'fred' });
    const form = { token: null, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    const login = await world.call('POST', '/queues/login', {
      ...form,
      body: new URLSearchParams({ token }).toString(),
      headers: { ...form.headers, 'x-forwarded-for': '192.0.2.51' },
    });
    expect(login.status).toBe(303);
    expect(await told('new-place/fred')).toEqual([expect.stringContaining('used from 192.0.2.51')]);
    await clearAll();
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const open = { token: null, headers: { cookie, 'x-forwarded-for': '192.0.2.52' } };
    expect((await world.call('GET', '/queues/api/queues', open)).status).toBe(200);
    expect(await told('new-place/fred')).toEqual([expect.stringContaining('used from 192.0.2.52')]);
    await clearAll();
    const headers = { 'x-forwarded-for': '192.0.2.50' };
    const { ticket } = (await world.post('/api/admin/events/ticket', undefined, { token, headers })).body;
    const stream = await EventStream.open(`${world.url}/api/admin/events?ticket=${String(ticket)}`, {
      'x-forwarded-for': '192.0.2.53',
    });
    expect(await told('new-place/fred')).toEqual([expect.stringContaining('used from 192.0.2.53')]);
    stream.close();
  });

  it('in which somebody was seen while Redis was away is told when it is back', async () => {
    const proxy = await startTcpProxy(services().redisUrl);
    const away = await ApiWorld.start({
      environment: { ...settings, REDIS_URL: proxy.uri, REDIS_PREFIX: world.redisPrefix },
    });
    try {
      await come('gwen', '192.0.2.60');
      world.app.get(UnusualActivity).seenWorkers([{ keyIds: ['k-2'], host: 'vault' }]);
      await raised();
      proxy.cut();
      expect((await come('gwen', '192.0.2.61', {}, 'admin', away)).status).toBe(200);
      away.app.get(UnusualActivity).seenWorkers([{ keyIds: ['k-2'], host: 'laptop' }]);
      expect(await raised(away)).toEqual([]);
      proxy.mend();
      await waitUntil(async () => (await raised(away)).length === 2, { what: 'both to be told', timeoutMs: 20_000 });
      expect((await raised(away)).map(({ message }) => message).sort()).toEqual([
        'A token of gwen (admin) is used from 192.0.2.61, where it was not used before',
        'The key k-2 is used by a worker on laptop, where it was not used before',
      ]);
    } finally {
      await away.close();
      await proxy.close();
    }
  });

  it('of a key: a worker on another host, and not a pod that was started anew', async () => {
    const unusual = world.app.get(UnusualActivity);
    const see = async (host: string) => {
      unusual.seenWorkers([{ keyIds: ['k-1'], host }]);
      return told('new-host/k-1');
    };
    expect(await see('hazina-worker-7c9f8d6b5f-x2x7k')).toEqual([]);
    expect(await see('hazina-worker-5d8f7c9b4d-k9q2z')).toEqual([]);
    expect(await see('laptop')).toEqual(['The key k-1 is used by a worker on laptop, where it was not used before']);
  });

  it('keeps no name and no address in Redis, and everything there ends', async () => {
    const redis = new Redis(services().redisUrl);
    const keys = await redis.keys(`${world.redisPrefix}:unusual:*`);
    expect(keys.length).toBeGreaterThan(5);
    for (const key of keys) {
      // Of a hash three letters may be a name by chance.
      expect(key).not.toMatch(/carol|(^|[:/])ann([:/]|$)|192\.0/);
      expect(await redis.ttl(key)).toBeGreaterThan(0);
    }
    redis.disconnect();
  });
});

/** Whatever lasts is over. */
async function clearAll(): Promise<void> {
  await raised();
  const redis = new Redis(services().redisUrl);
  const marks = await redis.keys(`${world.redisPrefix}:unusual:states:*`);
  if (marks.length > 0) await redis.del(marks);
  redis.disconnect();
  await world.app.get(UnusualActivity).clearQuiet();
  expect(await raised()).toEqual([]);
}

describe('the end of it', () => {
  it('is told once, when it has not gone on', async () => {
    const unusual = world.app.get(UnusualActivity);
    expect(await unusual.clearQuiet()).toEqual([]);
    await failLogin(world);
    for (let attempt = 0; attempt < 3; attempt += 1) await failLogin(replica);
    const before = (await raised()).length;
    const redis = new Redis(services().redisUrl);
    await redis.del(await redis.keys(`${world.redisPrefix}:unusual:states:*`));
    redis.disconnect();
    const cleared = [...(await unusual.clearQuiet()), ...(await replica.app.get(UnusualActivity).clearQuiet())];
    expect(cleared).toHaveLength(before);
    expect(cleared[0]).toMatchObject({ kind: 'recovered', of: 'unusual-activity' });
    expect(await raised()).toEqual([]);
    // Once more is a new state.
    await failLogin(world);
    expect(await told('failed-logins')).toHaveLength(1);
  });
});

it('while Redis is down each process counts for itself, replies are as fast, and nothing is said to be over', async () => {
  const alone = await ApiWorld.start({ environment: { ...settings, REDIS_URL: 'redis://127.0.0.1:1' } });
  try {
    const started = performance.now();
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await failLogin(alone)).text).toContain('401');
    expect(performance.now() - started).toBeLessThan(9_000);
    expect((await raised(alone)).map(({ key }) => key)).toEqual(['unusual-activity/failed-logins/all']);
    expect(await alone.app.get(UnusualActivity).clearQuiet()).toEqual([]);
  } finally {
    await alone.close();
  }
});

it('thresholds of 0 and UNUSUAL_NEW_PLACES=false watch nothing', async () => {
  const off = await ApiWorld.start({
    environment: { ...settings, UNUSUAL_FAILED_LOGINS: '0', UNUSUAL_NEW_PLACES: 'false' },
  });
  try {
    for (let attempt = 0; attempt < 4; attempt += 1) await failLogin(off);
    for (const from of ['192.0.2.30', '192.0.2.31'])
      await off.get('/api/admin/backups', { headers: { 'x-forwarded-for': from } });
    expect(await raised(off)).toEqual([]);
  } finally {
    await off.close();
  }
});
