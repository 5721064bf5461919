import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemRandom, randomSuffix } from '#contracts';
import { seedCompleted, seedPending } from '../support/api-records.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';

// Lists grow while somebody reads them: whoever follows the links sees each record once, and all that were there.

let world: ApiWorld;
const ids: string[] = [];
const minute = 60_000;
const began = Date.now() - 90 * minute;
beforeAll(async () => {
  world = await ApiWorld.start();
  // Each of a target of its own: one at a time may wait. Half of them have neither a size nor times.
  for (let index = 0; index < 9; index += 1) {
    const [target, at] = [`target-${index}`, new Date(began + index * minute)];
    const add = async () =>
      index % 2 === 0
        ? (await seedCompleted(world.core, { target, at })).backupId
        : seedPending(world.core, target, at);
    ids.push(await add());
  }
});
afterAll(() => world.close());

const backupsOf = ({ body }: ApiReply) => (body['data'] as { backupId: string }[]).map(({ backupId }) => backupId);
const nextOf = ({ headers }: ApiReply) => /^<(\/api\/[^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];

/** Reads to the end by the links; `between`: what happens after each page. */
async function readAll(first: string, between: (page: number) => Promise<unknown>): Promise<ApiReply[]> {
  const pages: ApiReply[] = [];
  for (let path: string | undefined = first; path !== undefined;) {
    const reply = await world.call('GET', path);
    expect(reply.status).toBe(200);
    pages.push(reply);
    await between(pages.length);
    path = nextOf(reply);
  }
  return pages;
}

it.each(
  (['createdAt', 'size', 'startedAt', 'status'] as const).flatMap((sortBy) =>
    (['desc', 'asc'] as const).map((sortOrder) => ({ sortBy, sortOrder })),
  ),
)('by $sortBy $sortOrder, with records that come in at both ends', async ({ sortBy, sortOrder }) => {
  const added: string[] = [];
  const insert = async (page: number) => {
    const name = `${sortBy}-${sortOrder}-${page}`.toLowerCase();
    added.push(await seedPending(world.core, `old-${name}`, new Date(began - minute)));
    added.push(await seedPending(world.core, `new-${name}`, new Date()));
  };
  const pages = await readAll(`/api/admin/backups?limit=4&sortBy=${sortBy}&sortOrder=${sortOrder}`, (page) =>
    page <= 3 ? insert(page) : Promise.resolve(),
  );
  const seen = pages.flatMap(backupsOf);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toEqual(expect.arrayContaining(ids));
  expect(pages.map(({ body }) => (body['pagination'] as { page: number }).page)).toEqual(pages.map((_, at) => at + 1));
  const numbered = await world.get('/api/admin/backups?limit=3&page=2');
  expect(backupsOf(numbered)).toEqual(backupsOf(await world.get('/api/admin/backups?limit=6')).slice(3));
  for (const backupId of added) await world.core.catalog.backups.withdraw(backupId);
});

it('a cursor is refused in another list, and when somebody made it up', async () => {
  const next = nextOf(await world.get('/api/admin/backups?limit=2&status=pending')) ?? '';
  expect(new URLSearchParams(next.split('?')[1]).get('status')).toBe('pending');
  const cursor = new URLSearchParams(next.split('?')[1]).get('cursor') ?? '';
  const place = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as Record<string, unknown>;
  const made = (change: object) => Buffer.from(JSON.stringify({ ...place, ...change })).toString('base64url');
  expect(made({})).toBe(cursor);
  for (const query of [
    `cursor=${cursor}`,
    `status=failed&cursor=${cursor}`,
    ...[{ value: { $gt: '' } }, { value: 'soon' }, { value: 5 }, { id: { $gt: '' } }, { list: '0' }, { more: 1 }].map(
      (change) => `status=pending&cursor=${made(change)}`,
    ),
    'cursor=abc',
    'cursor=a.b',
  ]) {
    const { status, body, headers } = await world.get(`/api/admin/backups?${query}`);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect([query, status, body.errors]).toEqual([query, 400, [expect.objectContaining({ field: 'cursor' })]]);
  }
  expect((await world.get(`/api/admin/backups?status=pending&limit=50&cursor=${cursor}`)).status).toBe(200);
});

describe.each(['restores', 'drills'] as const)('of %s', (list) => {
  const idsOf = ({ body }: ApiReply) =>
    (body['data'] as Record<string, string>[]).map((record) => record[list === 'drills' ? 'drillId' : 'restoreId']);

  it.each(['desc', 'asc'])('%s: records that come in at both ends, and at the same time as the last', async (order) => {
    const there: string[] = [];
    for (let index = 0; index < 7; index += 1) there.push(await add(list, began + Math.floor(index / 3) * minute));
    const pages = await readAll(`/api/admin/${list}?limit=2&sortOrder=${order}`, async (page) => {
      if (page > 3) return;
      await add(list, began - minute);
      await add(list, Date.now());
    });
    const seen = pages.flatMap(idsOf);
    expect(pages.length).toBeGreaterThan(3);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(expect.arrayContaining(there));
    // Page numbers alone count from the beginning, as ever.
    const numbered = await world.get(`/api/admin/${list}?limit=2&sortOrder=${order}&page=2`);
    const whole = await world.get(`/api/admin/${list}?limit=4&sortOrder=${order}`);
    expect(idsOf(numbered)).toEqual(idsOf(whole).slice(2));
  });
});

async function add(list: 'restores' | 'drills', at: number): Promise<string> {
  const suffix = randomSuffix(systemRandom, 6);
  const id = `${list.slice(0, -1)}-20261123T090000Z-${suffix}`;
  const { restores, drills } = world.core.catalog;
  const what = { backupId: ids[0] ?? '', targetName: `to-${suffix}`, createdAt: new Date(at), requestedBy: 'ada' };
  const { outcome } =
    list === 'drills'
      ? await drills.insert({
          ...{ ...what, drillId: id, target: 'target-0', trigger: 'manual', choice: 'asked', slot: null },
          correlationId: 'c-pages',
        })
      : await restores.insert({
          ...{ ...what, restoreId: id, mode: 'into-empty', databases: ['a'], include: [], exclude: [], rename: [] },
          ...{ onConflict: 'fail', ignoreWrites: false, dryRun: true, correlationId: 'c-pages', role: 'admin' },
        });
  expect(outcome).toBe('inserted');
  return id;
}
