import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../services/services.js';
import type { ApiClient } from '../support/api-client.js';
import { accepts, drips, floods, hangs, HttpSink, redirectsTo, type SinkBehaviour } from '../support/http-sink.js';
import { MailSink } from '../support/mail-sink.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';

// F44: mail and webhook end to end by real processes, and endpoints that hang, flood, drip and redirect: limited in time, tried again with a pause, visible, and
// never in the way of a backup.

const patience = 120_000;
const secret = 'a-webhook-secret-of-the-test';
/** `broken` leads to a port on which nobody listens. */
const nowhere = 'mongodb://user:canary-source@127.0.0.1:1/x?serverSelectionTimeoutMS=300';

interface Alert {
  readonly id: string;
  readonly event: string;
  readonly of: string | null;
  readonly target: string;
  readonly backupId: string;
}
interface Delivery {
  readonly channel: string;
  readonly status: string;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly nextAttemptAt: Date | null;
}

let webhook: HttpSink;
let mail: MailSink;
let world: ServiceWorld;
let api: ServiceProcess;
let worker: ServiceProcess;
let operator: ApiClient;

beforeEach(async () => {
  [webhook, mail] = await Promise.all([HttpSink.start(), MailSink.start()]);
  world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off', BACKUP_ATTEMPTS: '1' });
  const file = join(world.folder, 'targets.yaml');
  const targets = ['clinic', 'broken'].map((name) => ({ name, uriVariable: `${name.toUpperCase()}_URI` }));
  writeFileSync(file, JSON.stringify({ targets }));
  world.settings = {
    ...{ ...world.settings, BACKUP_TARGETS_FILE: file },
    ...{
      SMTP_URL: mail.url,
      NOTIFY_EMAIL_FROM: 'hazina@example.org',
      NOTIFY_EMAIL_TO: 'ops@example.org, night@example.org',
    },
    ...{ NOTIFY_WEBHOOK_URL: `${webhook.url}/hooks/canary-path`, NOTIFY_WEBHOOK_SECRET: secret },
  };
  await world.fill(100);
  api = await world.startApi();
  worker = await startWorker();
  operator = world.as('operator', api);
}, patience);
afterEach(async () => {
  try {
    await expectNothingLeft(world, [api, worker]);
    expectNoCanary();
  } finally {
    await world.close();
    await Promise.all([webhook.close(), mail.close()]);
  }
}, patience);

const startWorker = (broken = nowhere) => world.startWorker({ CLINIC_URI: world.sourceUri, BROKEN_URI: broken });
const alerts = (): Alert[] => webhook.requests.map(({ body }) => JSON.parse(body) as Alert);

function expectNoCanary(): void {
  const text = [...api.lines, ...worker.lines].map((line) => JSON.stringify(line)).join('\n');
  for (const canary of [secret, 'canary-path', 'canary-source', world.jwtSecret])
    expect(text.includes(canary)).toBe(false);
}

async function fail(): Promise<string> {
  const backupId = await operator.trigger({ target: 'broken' });
  expect(await operator.settled(backupId)).toMatchObject({ status: 'failed', error: { code: 'source/unreachable' } });
  return backupId;
}

/** A backup while something else goes on: as quick as ever. */
async function expectQuickBackup(): Promise<void> {
  const started = performance.now();
  expect((await operator.settled(await operator.trigger({ target: 'clinic' })))['status']).toBe('completed');
  expect(performance.now() - started).toBeLessThan(8_000);
}

const notifications = () => world.client.db(world.catalog).collection('notifications');
async function delivery(backupId: string, channel: string): Promise<Delivery> {
  const found = await notifications().findOne({ backupId, kind: 'backup-failed' });
  const of = (found?.['deliveries'] as Delivery[] | undefined)?.find((each) => each.channel === channel);
  if (of === undefined) throw new Error(`nothing for ${channel} of ${backupId}`);
  return of;
}
const settledDelivery = (backupId: string, channel: string, is: (delivery: Delivery) => boolean): Promise<Delivery> =>
  waitUntil(
    async () => {
      const found = await delivery(backupId, channel);
      return is(found) ? found : undefined;
    },
    { what: `the delivery by ${channel}`, timeoutMs: 40_000, intervalMs: 100 },
  );

/** The pause before the next try passes. */
async function pausePasses(backupId: string): Promise<void> {
  await notifications().updateMany(
    { backupId, 'deliveries.nextAttemptAt': { $type: 'date' } },
    { $set: { 'deliveries.$[].nextAttemptAt': new Date(0) } },
  );
}

async function failuresOf(service: ServiceProcess, channel: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(
    new RegExp(`^hazina_notification_failures_total\\{channel="${channel}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
  );
}

describe('F44 mail and webhook', () => {
  it(
    'F44 a failed backup is told by mail and by a signed webhook, its recovery as well, each once',
    async () => {
      const backupId = await fail();
      await waitUntil(() => webhook.requests.length === 1 && mail.mails.length === 1, { what: 'both messages' });
      const [request] = webhook.requests;
      expect(request).toMatchObject({ method: 'POST', path: '/hooks/canary-path' });
      const [, time = '', mac] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request?.headers['x-hazina-signature'])) ?? [];
      expect(mac).toBe(
        createHmac('sha256', secret)
          .update(`${time}.${request?.body ?? ''}`)
          .digest('hex'),
      );
      expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(60);
      expect(alerts()).toMatchObject([{ event: 'backup-failed', of: null, target: 'broken', backupId }]);
      const [message] = mail.mails;
      expect(message?.subject).toBe('[Hazina] backup failed: broken');
      expect(message?.to).toMatchObject({ text: 'ops@example.org, night@example.org' });
      expect(message?.text).toContain(backupId);
      for (const text of [request?.body, message?.text, message?.html]) expect(text).not.toContain('canary');

      await worker.stop();
      worker = await startWorker(world.sourceUri);
      const good = await operator.trigger({ target: 'broken' });
      expect((await operator.settled(good))['status']).toBe('completed');
      await waitUntil(() => webhook.requests.length === 2 && mail.mails.length === 2, {
        what: 'the recovery',
        timeoutMs: 20_000,
      });
      expect(alerts()[1]).toMatchObject({ event: 'recovered', of: 'backup-failed', target: 'broken' });
      expect(mail.mails[1]?.subject).toBe('[Hazina] recovered: backup failed: broken');
      await waitUntil(() => mail.open + webhook.open === 0, { what: 'no connection that stays open' });
    },
    patience,
  );
});

describe('F44 an endpoint that misbehaves', () => {
  it(
    'F44 webhook and mail server hang: given up in time, tried again after a pause, counted and in the log; backups go on beside it',
    async () => {
      webhook.behaviour = hangs;
      mail.hangs = true;
      const backupId = await fail();
      await waitUntil(() => webhook.open === 1 && mail.open === 1, { what: 'both to hang' });
      await expectQuickBackup();
      expect([webhook.open, mail.open]).toEqual([1, 1]);

      const byWebhook = await settledDelivery(backupId, 'webhook', ({ attempts }) => attempts === 1);
      expect(byWebhook).toMatchObject({ status: 'pending', lastError: 'The webhook did not answer within 10000 ms' });
      const byMail = await settledDelivery(backupId, 'email', ({ attempts }) => attempts === 1);
      expect(byMail).toMatchObject({
        status: 'pending',
        lastError: expect.stringMatching(/within 20000 ms$/) as unknown,
      });
      for (const { nextAttemptAt } of [byWebhook, byMail])
        expect((nextAttemptAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(5_000);
      for (const channel of ['webhook', 'email']) {
        expect(await failuresOf(worker, channel)).toBe(1);
        expect(worker.lines).toContainEqual(
          expect.objectContaining({
            msg: 'alert not delivered',
            channel,
            code: 'notify/failed',
            hint: expect.any(String) as unknown,
          }),
        );
      }
      await waitUntil(() => webhook.open + mail.open === 0, { what: 'no connection that stays open' });

      webhook.behaviour = accepts;
      mail.hangs = false;
      await pausePasses(backupId);
      for (const channel of ['webhook', 'email'])
        expect(await settledDelivery(backupId, channel, ({ status }) => status === 'delivered')).toMatchObject({
          attempts: 2,
        });
      // The second try is told from the first by nothing but its time.
      expect(new Set(alerts().map(({ id }) => id)).size).toBe(1);
      expect(mail.mails).toHaveLength(1);
    },
    patience,
  );

  const elsewhere = redirectsTo('http://169.254.169.254/latest/meta-data/');
  it.each<[string, SinkBehaviour, Partial<Delivery>]>([
    ['floods its reply', floods, { status: 'delivered', attempts: 1 }],
    ['redirects to the metadata of a cloud', elsewhere, { status: 'failed', attempts: 1, nextAttemptAt: null }],
    [
      'sends a head without an end',
      drips,
      { status: 'pending', attempts: 1, lastError: expect.stringMatching(/10000 ms/) as never },
    ],
  ])(
    'F44 a webhook that %s: ended in time, and a backup goes on beside it',
    async (_name, behaviour, wanted) => {
      webhook.behaviour = behaviour;
      const backupId = await fail();
      await waitUntil(() => webhook.connections > 0, { what: 'the call' });
      await expectQuickBackup();
      expect(await settledDelivery(backupId, 'webhook', ({ attempts }) => attempts > 0)).toMatchObject(wanted);
      await waitUntil(() => webhook.open === 0, { what: 'the end of the connection' });
      // The other channel is not held up.
      expect(await settledDelivery(backupId, 'email', ({ attempts }) => attempts > 0)).toMatchObject({
        status: 'delivered',
      });
      webhook.behaviour = accepts;
    },
    patience,
  );

  it(
    'F44 without a worker the API sends what is due, and a webhook that hangs does not keep it from taking a lost run back',
    async () => {
      await worker.stop();
      webhook.behaviour = hangs;
      const target = 'clinic';
      // Some messages that nobody sent, each of which would hang for ten seconds.
      await notifications().insertMany(['one', 'two', 'three'].map((name) => lying(`n-${name}`)));
      await waitUntil(() => webhook.open === 1, { what: 'the API to call the webhook', timeoutMs: 20_000 });
      const lost = await operator.trigger({ target });
      await world.client
        .db(world.catalog)
        .collection('backups')
        .updateOne(
          { backupId: lost },
          { $set: { status: 'in_progress', 'claim.fence': 1, 'claim.owner': 'nobody/1/x' } },
        );
      const started = performance.now();
      const taken = async () => (await world.records({ backupId: lost }))[0]?.['status'] === 'pending';
      await waitUntil(taken, { what: 'the run to be taken back', timeoutMs: 30_000 });
      // Lease (6 s) and two looks (2 s each), on a busy machine.
      expect(performance.now() - started).toBeLessThan(14_000);
      // It hangs still, message after message: between two of them it has no connection for a moment.
      await waitUntil(() => webhook.open > 0, { what: 'a call that hangs', timeoutMs: 20_000 });
      webhook.behaviour = accepts;
      worker = await startWorker();
      expect((await operator.settled(lost))['status']).toBe('completed');
    },
    patience,
  );
});

/** A message as it lies in the catalogue when its queue was lost. */
function lying(notificationId: string): Record<string, unknown> {
  return {
    ...{ notificationId, kind: 'test', of: null, target: null, backupId: null, correlationId: null, message: 'a test' },
    ...{
      hint: null,
      createdAt: new Date(),
      undelivered: true,
      takenBy: null,
      takenUntil: null,
      takes: 0,
      recovery: null,
    },
    deliveries: [
      { channel: 'webhook', status: 'pending', attempts: 0, lastError: null, deliveredAt: null, nextAttemptAt: null },
    ],
  };
}
