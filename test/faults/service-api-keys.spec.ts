import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../services/services.js';
import { askEveryMs } from '../support/api-client.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';

// F33, the service's part: a worker whose ring lacks a key says at its start which one and which backups are at stake; new backups go on (I11). What the commands
// do without a key: keys.spec.ts.

const patience = 120_000;
const newKey = `hex:${randomBytes(32).toString('hex')}`;
let world: ServiceWorld;
let api: ServiceProcess;

beforeAll(async () => {
  // The API's own look would make verifications of new backups, and a second one is refused meanwhile.
  world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off' });
  await world.fill(100);
  api = await world.startApi();
}, patience);
afterAll(() => world.close());

const keysOf = async (worker: ServiceProcess): Promise<Record<string, unknown>> => {
  const reply = await fetch(`${worker.url}/health/ready`);
  expect(reply.status).toBe(200);
  return ((await reply.json()) as { details: { keys: Record<string, unknown> } }).details.keys;
};

/** Without a channel an alert is a line of the log. */
async function told(worker: ServiceProcess, subject: string): Promise<string> {
  const line = await worker.waitForLine(
    (each) => each['msg'] === 'alert' && each['subject'] === subject,
    `to tell "${subject}"`,
  );
  return String(line['text']);
}

async function verify(backupId: string): Promise<Record<string, unknown>> {
  const operator = world.as('operator', api);
  const { status, body } = await operator.post(`/api/admin/backups/${backupId}/verify`, { level: 'readable' });
  expect({ status, body }).toMatchObject({ status: 202 });
  const mine = async (): Promise<Record<string, unknown> | undefined> =>
    ((await operator.backup(backupId)).verifications as Record<string, unknown>[]).find(
      (each) => each['verificationId'] === body.verificationId && each['status'] !== 'in_progress',
    );
  return waitUntil(mine, { what: `the verification of ${backupId}`, timeoutMs: 30_000, intervalMs: askEveryMs });
}

it(
  'F33 the old key is missing after a rotation: log, readiness, metric and alert name it with the backups at stake; new backups go on; a verification condemns nothing',
  async () => {
    const operator = world.as('operator', api);
    const first = await world.startWorker();
    const old: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const backupId = await operator.trigger();
      await operator.settled(backupId, ['completed']);
      old.push(backupId);
    }
    const [oldKeyId] = (await operator.backup(old[0] ?? '')).keyIds;
    expect(await keysOf(first)).toEqual({ status: 'up' });
    await first.stop();

    const worker = await world.startWorker({ BACKUP_ENCRYPTION_KEY: newKey });
    const line = await worker.waitForLine(({ msg }) => msg === 'keys missing', 'to miss a key');
    const newest = [...old].reverse();
    expect(line).toMatchObject({ level: 'error', keyIds: [oldKeyId], backups: 2, newest });
    expect(String(line['hint'])).toContain('BACKUP_ENCRYPTION_KEYS_RETIRED');
    expect(await keysOf(worker)).toEqual({
      ...{ status: 'up', state: 'missing', missing: [oldKeyId], backupsThatCannotBeOpened: 2, newest },
    });
    expect(await (await fetch(`${worker.url}/metrics`)).text()).toContain('hazina_key_missing 1');
    const alert = await told(worker, 'key missing');
    expect(alert).toContain(`No worker opens 2 of the kept backups, the newest of them ${newest.join(', ')}`);
    expect(alert).toContain(oldKeyId);

    const made = await operator.trigger();
    expect(await operator.settled(made)).toMatchObject({
      status: 'completed',
      keyIds: [expect.not.stringMatching(`^${oldKeyId}$`)],
    });
    expect(await verify(made)).toMatchObject({ status: 'completed' });

    const failed = await verify(old[0] ?? '');
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'container/no-key' } });
    expect((failed['error'] as { message: string }).message).toContain(oldKeyId);
    // No verdict on the backup: it stays, and is as good as before.
    expect((await operator.backup(old[0] ?? '')).status).toBe('completed');
    await worker.stop();

    const both = await world.startWorker({ BACKUP_ENCRYPTION_KEY: newKey, BACKUP_ENCRYPTION_KEYS_RETIRED: world.key });
    expect(await verify(old[0] ?? '')).toMatchObject({ status: 'completed' });
    expect(await keysOf(both)).toEqual({ status: 'up' });
    expect(await told(both, 'recovered: key missing')).toContain('opened by the keys of a worker again');
    const text = [...worker.lines, ...both.lines, ...api.lines].map((each) => JSON.stringify(each)).join('\n');
    for (const secret of [world.key.slice(4), newKey.slice(4)]) expect(text.includes(secret)).toBe(false);
    await expectNothingLeft(world, [both]);
  },
  patience,
);

it.each([
  ['cut', (key: string) => key.slice(0, -10)],
  ['empty', () => ''],
  ['no text', () => Buffer.from([0xff, 0xfe, 0, 1]).toString('latin1')],
])(
  'F33 a key file that is %s: the worker does not start, says why, and shows no key',
  async (_name, change) => {
    const file = join(world.folder, 'worker.key');
    writeFileSync(file, change(world.key));
    const worker = ServiceProcess.spawn('worker', {
      ...world.environment,
      ...{ MONGODB_URI: world.sourceUri, BACKUP_ENCRYPTION_KEY_FILE: file },
    });
    const { code } = await waitUntil(() => worker.exit, { what: 'its end', timeoutMs: 30_000 });
    expect(code).toBe(3);
    const said = worker.text.join('\n');
    expect(said).toMatch(/BACKUP_ENCRYPTION_KEY/);
    expect(said + JSON.stringify(worker.lines)).not.toContain(world.key.slice(4, 20));
  },
  patience,
);
