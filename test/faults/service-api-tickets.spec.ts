import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { waitUntil } from '../services/services.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';

// F40: tickets of real backups, forged, changed, spelled in another way, and used again after their time; and what roles may not do with a backup that is there.

const patience = 120_000;
let world: ServiceWorld;
let api: ServiceProcess;
let worker: ServiceProcess;
let first: string;
let second: string;

beforeAll(async () => {
  world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off', TRUST_PROXY: '1' });
  await world.fill(100);
  [api, worker] = await Promise.all([world.startApi(), world.startWorker()]);
  const operator = world.as('operator', api);
  first = await operator.trigger();
  await operator.settled(first, ['completed']);
  second = await operator.trigger();
  await operator.settled(second, ['completed']);
}, patience);
afterAll(async () => {
  try {
    await expectNothingLeft(world, [api, worker]);
  } finally {
    await world.close();
  }
}, patience);

interface Download {
  readonly url: string;
  readonly sha256: string;
}

async function download(backupId: string, expiresIn = 300): Promise<Download> {
  const reply = await world.as('operator', api).get(`/api/admin/backups/${backupId}/download?expiresIn=${expiresIn}`);
  expect(reply.status).toBe(200);
  return reply.body as unknown as Download;
}

const read = async (url: string) => {
  const reply = await fetch(url, { headers: { 'x-forwarded-for': '198.51.100.9' } });
  return {
    status: reply.status,
    type: reply.headers.get('content-type'),
    bytes: Buffer.from(await reply.arrayBuffer()),
  };
};

const recoded = (ticket: string, change: (content: Record<string, unknown>) => object): string => {
  const [body = '', mac = ''] = ticket.split('.');
  const content = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  return `${Buffer.from(JSON.stringify(change(content))).toString('base64url')}.${mac}`;
};

it(
  'F40 a ticket reads its own file, also twice, and nothing else',
  async () => {
    const { url, sha256 } = await download(first);
    for (let time = 0; time < 2; time += 1)
      expect(
        createHash('sha256')
          .update((await read(url)).bytes)
          .digest('hex'),
      ).toBe(sha256);
    const ticket = new URL(url).searchParams.get('ticket') ?? '';
    const other = new URL((await download(second)).url).searchParams.get('ticket') ?? '';
    const [body = '', mac = ''] = ticket.split('.');
    const forged: [string, string, string][] = [
      ['of another file', `${first}.hzn`, other],
      ['under another name', `${second}.hzn`, ticket],
      ['under a name of ours', 'hazina.json', ticket],
      ['for longer', `${first}.hzn`, recoded(ticket, (content) => ({ ...content, expires: 9_999_999_999 }))],
      ['for another key', `${first}.hzn`, recoded(ticket, (content) => ({ ...content, key: 'hazina.json' }))],
      ['with an operator', `${first}.hzn`, recoded(ticket, (content) => ({ ...content, key: { $ne: null } }))],
      ['with the signature of another', `${first}.hzn`, `${body}.${other.split('.')[1] ?? ''}`],
      ['without a signature', `${first}.hzn`, body],
      ['with an empty signature', `${first}.hzn`, `${body}.`],
      ['with a shorter signature', `${first}.hzn`, `${body}.${mac.slice(0, -2)}`],
      ['with padding', `${first}.hzn`, `${ticket}=`],
      ['with a blank', `${first}.hzn`, `${ticket} `],
      ['in another spelling of base64', `${first}.hzn`, `${body}.${mac}A`],
      ['with a third part', `${first}.hzn`, `${ticket}.${mac}`],
      ['that is empty', `${first}.hzn`, ''],
      ['of 100 KB', `${first}.hzn`, 'x'.repeat(10_000)],
      ['that is a token', `${first}.hzn`, world.as('admin', api).token ?? ''],
    ];
    for (const [name, fileName, text] of forged) {
      const { status, type } = await read(`${api.url}/api/downloads/${fileName}?ticket=${encodeURIComponent(text)}`);
      expect({ name, type, refused: status === 400 || status === 401 }).toEqual({
        name,
        type: 'application/problem+json',
        refused: true,
      });
    }
    expect((await read(`${url}&ticket=${ticket}`)).status).toBe(400);
  },
  patience,
);

it(
  'F40 a ticket that is used again after its time is refused',
  async () => {
    const { url } = await download(first, 1);
    const refused = await waitUntil(
      async () => {
        const reply = await read(url);
        return reply.status === 200 ? undefined : reply;
      },
      { what: 'its end', timeoutMs: 10_000, intervalMs: 100 },
    );
    expect({ status: refused.status, type: refused.type }).toEqual({ status: 401, type: 'application/problem+json' });
    expect((await read(url)).status).toBe(401);
  },
  patience,
);

it(
  'F40 a role that is too low reads and changes nothing of a backup that is there',
  async () => {
    const calls: ['viewer' | 'operator', string, string, unknown?][] = [
      ['viewer', 'GET', `backups/${first}/download`],
      ['viewer', 'POST', `backups/${first}/verify`, {}],
      ['viewer', 'POST', `backups/${first}/cancel`],
      ['viewer', 'PATCH', `backups/${first}`, { pinned: true }],
      ['viewer', 'POST', 'backups/trigger', {}],
      ['viewer', 'POST', 'schedules/clinic/pause'],
      ['viewer', 'DELETE', `backups/${first}`],
      ['operator', 'DELETE', `backups/${first}?force=true`],
      ['operator', 'POST', 'backups/cleanup', { dryRun: true }],
    ];
    const before = await world.records();
    for (const [role, method, path, body] of calls) {
      const reply = await world.as(role, api).request(method, `/api/admin/${path}`, body);
      expect({ role, method, path, status: reply.status }).toEqual({ role, method, path, status: 403 });
    }
    expect(await world.records()).toEqual(before);
    const entries = await waitUntil(
      async () => {
        const found = await world.client
          .db(world.catalog)
          .collection('auditlog')
          .find({ event: 'authz_fail', actor: { $ne: 'anonymous' } })
          .toArray();
        return found.length >= 2 ? found : undefined;
      },
      { what: 'the first refusal of each person; the others are counted' },
    );
    expect(entries.map(({ actor }) => String(actor)).sort()).toEqual(['test-operator', 'test-viewer']);
  },
  patience,
);
