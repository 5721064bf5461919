import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { waitUntil } from '../services/services.js';
import { HttpSink } from '../support/http-sink.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';

// F14: nobody works while slots come due. One run when somebody does, not one a slot; that it is overdue shows, and people are told (I7, I11).

const patience = 120_000;
const slotMs = 2_000;
const schedule = { BACKUP_SCHEDULE: '*/2 * * * * *' };
let world: ServiceWorld;
let sink: HttpSink;

beforeAll(async () => {
  sink = await HttpSink.start();
  world = await ServiceWorld.create('folder', {
    ...{ BACKUP_VERIFY: 'off', BACKUP_OVERDUE_SECONDS: '3' },
    ...{ NOTIFY_WEBHOOK_URL: sink.url, NOTIFY_WEBHOOK_SECRET: 'a-secret-of-the-test' },
  });
  await world.fill(50);
}, patience);
afterAll(async () => {
  await world.close();
  await sink.close();
});

const bySlot = async () => world.client.db(world.catalog).collection('backups').find().sort({ slot: 1 }).toArray();
const told = (event: string, of: string | null = null): boolean =>
  sink.requests.some(({ body }) => {
    const alert = JSON.parse(body) as { event: string; of: string | null };
    return alert.event === event && alert.of === of;
  });

async function overdue(api: ServiceProcess): Promise<{ target: unknown; stats: unknown; schedule: unknown }> {
  const viewer = world.as('viewer', api);
  const first = ({ body }: { body: Record<string, unknown> }, list: string) =>
    (body[list] as { overdue: boolean }[])[0]?.overdue;
  return {
    target: first(await viewer.get('/api/admin/targets'), 'data'),
    stats: first(await viewer.get('/api/admin/backups/stats'), 'targets'),
    schedule: first(await viewer.get('/api/admin/schedules'), 'data'),
  };
}

const isSuperseded = (record: Document): boolean =>
  record['status'] === 'failed' && (record['error'] as { code: string } | null)?.code === 'superseded';

const all = (value: boolean) => ({ target: value, stats: value, schedule: value });

it(
  'F14 no worker for five slots: overdue shows and is told by the API itself; the worker that comes makes one backup, of the newest slot',
  async () => {
    const api = await world.startApi(schedule);
    // Each has its record, and only the newest is still to be made; for a moment the one before it is, too.
    await waitUntil(
      async () => {
        const slots = await bySlot();
        const [newest, ...older] = slots.toReversed();
        return older.length >= 4 && newest?.['status'] === 'pending' && older.every(isSuperseded);
      },
      { what: 'five slots, the older ones superseded', timeoutMs: 30_000 },
    );
    await waitUntil(async () => JSON.stringify(await overdue(api)) === JSON.stringify(all(true)), { what: 'overdue' });
    await waitUntil(() => told('overdue'), { what: 'the message', timeoutMs: 20_000 });
    await waitUntil(() => told('superseded'), { what: 'the messages of the slots', timeoutMs: 20_000 });

    // The clock stands still for the schedule: what the worker meets is what lay there.
    await api.stop();
    const lying = await bySlot();
    const worker = await world.startWorker();
    const done = await waitUntil(
      async () => {
        const records = await bySlot();
        return records.every(({ status }) => status === 'completed' || status === 'failed') ? records : undefined;
      },
      { what: 'the end of all', timeoutMs: 30_000 },
    );
    expect(done).toHaveLength(lying.length);
    const made = done.filter(({ startedAt }) => startedAt !== null);
    expect(made).toMatchObject([{ status: 'completed', slot: lying.at(-1)?.['slot'] as Date }]);

    const again = await world.startApi(schedule);
    await waitUntil(async () => JSON.stringify(await overdue(again)) === JSON.stringify(all(false)), {
      what: 'in time',
    });
    await waitUntil(() => told('recovered', 'overdue'), { what: 'the recovery', timeoutMs: 20_000 });
    await again.stop();
    await expectNothingLeft(world, [worker]);
  },
  patience,
);

it(
  'F14 neither worker nor API for five slots: one catch-up, and from then on slot by slot',
  async () => {
    const before = await bySlot();
    const newest = (before.at(-1)?.['slot'] as Date).getTime();
    await waitUntil(() => Date.now() > newest + 5 * slotMs, { what: 'five slots to pass', timeoutMs: 30_000 });
    // Its reconciler would take a slot while the tick still makes the records of those after it.
    const worker = await world.startWorker({ BACKUP_REAPER_SECONDS: '60' });
    const api = await world.startApi(schedule);
    const fresh = async () => (await bySlot()).slice(before.length);
    const records = await waitUntil(
      async () => {
        const found = await fresh();
        return found.filter(({ status }) => status === 'completed').length >= 3 ? found : undefined;
      },
      { what: 'three backups', timeoutMs: 30_000, onTimeout: () => `${api.tail}\n${worker.tail}` },
    );
    // Of all that was missed only the newest slot is made, and not even that where the next one overtook it.
    const [first] = records;
    const missed = records.filter(({ createdAt }) => String(createdAt) === String(first?.['createdAt']));
    const late = missed.pop();
    expect(missed.filter((record) => !isSuperseded(record))).toEqual([]);
    expect(late?.['status'] === 'completed' || isSuperseded(late ?? {})).toBe(true);
    // From then on each has its own.
    const made = records.filter(({ status }) => status === 'completed');
    for (const { slot, createdAt, trigger } of made.filter((record) => record !== late)) {
      expect(trigger).toBe('schedule');
      expect((createdAt as Date).getTime() - (slot as Date).getTime()).toBeLessThan(2 * slotMs);
    }
    expect(new Set(records.map(({ slot }) => (slot as Date).getTime())).size).toBe(records.length);
    await api.stop();
    await expectNothingLeft(world, [worker]);
  },
  patience,
);
