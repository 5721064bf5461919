import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../services/services.js';
import { ApiClient, makeToken, type Role } from '../support/api-client.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';

// F35: the wall clock of real processes jumps while they run, for them and for every package in them; their monotonic one runs on, as with a jump of the system's
// time. Two APIs with an hourly schedule, and workers whose runs a hook can hold. What retention makes of a jump, in every case: clock.spec.ts.

const patience = 300_000;
const slow = { timeoutMs: 120_000, intervalMs: 100 };
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let world: ServiceWorld;
let apis: ServiceProcess[];
let worker: ServiceProcess;
/** How far ahead all clocks are. */
let aheadMs = 0;

const hold = () => join(world.folder, 'hold');
const held = () => join(world.folder, 'held');

beforeAll(async () => {
  world = await ServiceWorld.create('folder', {
    ...{ BACKUP_VERIFY: 'off', BACKUP_REAPER_SECONDS: '1', BACKUP_RETENTION_DAYS: '1', BACKUP_MIN_KEEP: '1' },
    PATH: process.env['PATH'] ?? '',
  });
  await world.fill(50);
  const wait = `if [ -e ${hold()} ]; then touch ${held()}; while [ -e ${hold()} ]; do sleep 0.05; done; fi`;
  const target = { name: 'clinic', schedule: '0 * * * *', hooks: { before: [{ shell: wait, timeoutSeconds: 300 }] } };
  const file = join(world.folder, 'targets.yaml');
  writeFileSync(file, JSON.stringify({ targets: [{ uriVariable: 'MONGODB_URI', ...target }] }));
  world.settings = { ...world.settings, BACKUP_TARGETS_FILE: file };
  world.preloads = ['process-probe', 'process-clock'];
  apis = await Promise.all([world.startApi(), world.startApi()]);
}, patience);
beforeEach(async () => {
  worker = await world.startWorker();
  await worker.jump(aheadMs);
}, patience);
afterEach(() => expectNothingLeft(world, [worker]), patience);
afterAll(() => world.close());

const now = () => new Date(Date.now() + aheadMs);

async function jump(toMs: number): Promise<void> {
  aheadMs = toMs;
  await Promise.all([...apis, worker].map((service) => service.jump(toMs)));
}

/** With a token of that moment, as an identity provider with the same clock would give it. */
function as(role: Role, at = now()): ApiClient {
  const [api] = apis;
  if (api === undefined) throw new Error('no API');
  return new ApiClient(api.url, makeToken(world.jwtSecret, role, `clock-${role}`, at));
}

async function completed(backupId: string): Promise<Record<string, unknown>> {
  const find = async () => (await world.records({ backupId, status: { $in: ['completed', 'failed'] } }))[0];
  const record = await waitUntil(find, { ...slow, what: `the end of ${backupId}`, onTimeout: () => worker.tail });
  expect(record).toMatchObject({ status: 'completed' });
  return record;
}

describe('F35 real processes whose clock jumps', () => {
  it(
    'F35 schedules: one backup of an hour that comes, of hours that were jumped over the newest alone, and after a jump back those again that come again',
    async () => {
      const slots = async () =>
        (await world.records({ slot: { $type: 'date' } })).map(({ slot }) => (slot as Date).getTime()).sort();
      const looked = async () =>
        (
          (await world.client.db(world.catalog).collection('schedules').findOne({ target: 'clinic' }))?.['lastSlot'] as
            Date | undefined
        )?.getTime();
      const until = (slot: number, what: string) =>
        waitUntil(async () => (await looked()) === slot, { ...slow, what, onTimeout: () => String(new Date(slot)) });
      // What was due before anybody looked is not made.
      await waitUntil(async () => (await looked()) !== undefined, { ...slow, what: 'the first look' });
      expect(await slots()).toEqual([]);

      const next = Math.ceil((Date.now() + 1) / hourMs) * hourMs;
      const toNext = next - Date.now() + 5_000;
      await jump(toNext);
      await until(next, 'the slot that has come');
      expect(await slots()).toEqual([next]);

      const newest = next + 2 * hourMs;
      await jump(toNext + 2 * hourMs);
      await until(newest, 'the newest slot');
      expect(await slots()).toEqual([next, newest]);

      // The look puts its mark back: without that nothing would be due for two hours. And what was made two hours too early is none of its slot.
      await jump(toNext);
      await until(next, 'the mark that is put back');
      expect(await slots()).toEqual([next]);

      // The hour between was never made: it is late enough to be missed, and the newest is made anew, when its time has really come.
      await jump(toNext + 2 * hourMs);
      await until(newest, 'the newest slot, once more');
      expect(await slots()).toEqual([next, newest]);
      expect(await world.records({ slot: null })).toMatchObject([{ trigger: 'schedule' }]);
      expect(await world.records({ slot: new Date(newest) })).toMatchObject([{ trigger: 'catch-up' }]);
      for (const { backupId } of await world.records()) await completed(String(backupId));
    },
    patience,
  );

  it(
    'F35 leases: a run whose clock jumps, with that of its observers, is taken for lost by nobody; one whose worker is gone is taken over though time went back',
    async () => {
      // From here on no slot comes between.
      expect((await as('admin').post('/api/admin/schedules/clinic/pause')).status).toBe(200);
      writeFileSync(hold(), '');
      const backupId = await as('operator').trigger();
      await waitUntil(() => existsSync(held()), { ...slow, what: 'a run that is held' });
      const beats = async () => {
        const [record] = await world.records({ backupId });
        const { fence, beat } = record?.['claim'] as { fence: number; beat: number };
        expect({ status: record?.['status'] as string, fence }).toEqual({ status: 'in_progress', fence: 1 });
        return beat;
      };
      const before = aheadMs;
      for (const jumpMs of [2 * hourMs, -2 * hourMs, 365 * dayMs]) {
        await jump(before + jumpMs);
        // The lease is six of them: an observer who went by the wall clock would have taken it for expired.
        const from = await beats();
        await waitUntil(async () => (await beats()) >= from + 8, { ...slow, what: 'eight beats' });
      }
      await jump(before);
      rmSync(hold());
      expect(await completed(backupId)).toMatchObject({ claim: { fence: 1 }, failures: 0 });

      writeFileSync(hold(), '');
      rmSync(held());
      const lost = await as('operator').trigger();
      await waitUntil(() => existsSync(held()), { ...slow, what: 'a run that is held' });
      await worker.stop('SIGKILL');
      rmSync(hold());
      worker = await world.startWorker();
      await jump(before - 2 * hourMs);
      expect(await completed(lost)).toMatchObject({ claim: { fence: 2 } });
      await jump(before);
    },
    patience,
  );

  it(
    'F35 retention: a year ahead it removes nothing',
    async () => {
      const before = aheadMs;
      const good = async () => (await world.records({ status: 'completed' })).length;
      const count = await good();
      expect(count).toBeGreaterThan(2);
      await jump(before + 365 * dayMs);
      const admin = as('admin');
      const begun = await admin.post('/api/admin/backups/cleanup');
      expect(begun.status).toBe(202);
      const path = `/api/admin/cleanups/${String(begun.body.cleanupId)}` as const;
      let last: unknown;
      const done = await waitUntil(
        async () => {
          const { body } = await admin.get(path);
          last = body;
          return ['completed', 'failed'].includes(String(body.status)) ? body : undefined;
        },
        { ...slow, intervalMs: 500, what: 'the cleanup', onTimeout: () => JSON.stringify(last) },
      );
      expect(done).toMatchObject({ status: 'completed', result: { removed: 0 } });
      expect(await good()).toBe(count);
      await jump(before);
    },
    patience,
  );

  it(
    'F35 tokens: good by the clock of the API, neither after their end nor before their time, and what was revoked stays so',
    async () => {
      const before = aheadMs;
      const of = async (client: ApiClient) => (await client.get('/api/admin/backups')).status;
      const [viewer, revoked] = [as('viewer'), as('admin')];
      const early = as('viewer', new Date(now().getTime() + 2 * hourMs));
      expect((await revoked.post('/api/admin/tokens/revoke')).status).toBe(200);
      expect([await of(viewer), await of(early), await of(revoked)]).toEqual([200, 401, 401]);
      await jump(before + 2 * hourMs);
      expect([await of(viewer), await of(early), await of(revoked)]).toEqual([401, 200, 401]);
      await jump(before);
      expect([await of(viewer), await of(early)]).toEqual([200, 401]);
      // What its process knew while it was ahead is out of date within seconds.
      await waitUntil(async () => (await of(revoked)) === 401, { ...slow, what: 'the token to be refused' });
    },
    patience,
  );

  it('F35 leaves nothing of the two APIs either', () => expectNothingLeft(world, apis), patience);
});
