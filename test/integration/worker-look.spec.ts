import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { SeenWorker } from '#catalog';
import type { WorkerLook } from '#contracts';
import { waitUntil } from '../services/services.js';
import { startKeyService } from '../support/key-service.js';
import { kmsArn } from '../support/kms-double.js';
import { WorkerWorld } from '../support/worker-world.js';

// What a worker finds of its surroundings and publishes, in the form of hazina doctor.

jest.setTimeout(180_000);
let world: WorkerWorld;
const soon = { examineAfterMs: 0, examineEveryMs: 300 };

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(50);
});
afterAll(() => world.close());

/** The look of the only worker, once it is as asked for. */
function published(isSo: (look: WorkerLook) => boolean, what: string): Promise<SeenWorker & { look: WorkerLook }> {
  return waitUntil(
    async () => {
      const [report] = await world.catalog.workers.all();
      const look = report?.look ?? null;
      return report !== undefined && look !== null && isSo(look) ? { ...report, look } : undefined;
    },
    { what, timeoutMs: 120_000 },
  );
}

it('publishes what it found: keys, store, target, tools, room, and whether every kept backup opens', async () => {
  const worker = await world.worker({ BACKUP_BEAT_SECONDS: '1' }, { ...soon, proveKeysEveryMs: 0 });
  const backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup', timeoutMs: 60_000 });
  const { look, keyIds } = await published(({ keyProof }) => keyProof?.opened === 1, 'the proof of the backup');
  expect(look.keys).toEqual([{ keyId: keyIds[0], state: 'active' }]);
  expect(look.keyProof).toMatchObject({ backups: 1, opened: 1, closed: [], damaged: [], at: expect.any(Date) });
  expect(look.storeAbilities).toMatchObject({ presign: true });
  expect(look.findings.map(({ name }) => name)).toEqual([
    ...['keys', 'store', 'versions and locks', 'clock of the store', 'disk of the store'],
    ...['source clinic', 'rights clinic', 'topology clinic', 'clock of clinic'],
    ...['mongodump', 'mongorestore', 'memory', 'temporary folder', 'backups open'],
  ]);
  expect(look.findings.filter(({ status }) => status === 'error')).toEqual([]);
  expect(JSON.stringify(look)).not.toContain(world.key.slice(4));
  // Its probes are gone, and nothing else was written.
  expect((await world.stored()).every((key) => key.startsWith(`clinic/${backupId}/`))).toBe(true);
  await worker.end();
});

it('a worker with another key tells which backups it cannot open', async () => {
  const other = { BACKUP_ENCRYPTION_KEY: `hex:${randomBytes(32).toString('hex')}`, BACKUP_BEAT_SECONDS: '1' };
  const worker = await world.worker(other, soon);
  const { look } = await published(({ keyProof }) => keyProof !== null, 'the proof');
  expect(look.keyProof).toMatchObject({ backups: 1, opened: 0, closed: [expect.stringMatching(/^clinic-/)] });
  expect(look.findings.find(({ name }) => name === 'backups open')).toMatchObject({
    ...{ status: 'error', code: 'container/no-key', hint: expect.any(String) },
  });
  await worker.end();
});

it('a KMS that does not answer is told as that, and no backup is called closed', async () => {
  const service = await startKeyService();
  const before = process.env['AWS_ENDPOINT_URL_KMS'];
  process.env['AWS_ENDPOINT_URL_KMS'] = service.environment['AWS_ENDPOINT_URL_KMS'];
  try {
    const keys = { BACKUP_ENCRYPTION_KEY: `aws-kms:${kmsArn(1)}`, BACKUP_ENCRYPTION_KEYS_RETIRED: world.key };
    const worker = await world.worker({ ...keys, BACKUP_BEAT_SECONDS: '1' }, { ...soon, proveKeysEveryMs: 0 });
    const backupId = await world.trigger();
    await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup', timeoutMs: 60_000 });
    const kms = ({ findings }: WorkerLook) => findings.find(({ name }) => name === 'keys in AWS KMS');
    const isProven = ({ keyProof }: WorkerLook) => keyProof?.opened === 2;
    const { look: well } = await published((look) => isProven(look) && kms(look)?.status === 'ok', 'the proof');
    service.mode = 'KMSInternalException';
    // A look that began after the one that found it has tried to prove the backups in between.
    const { look: first } = await published((look) => kms(look)?.code === 'keys/kms-unavailable', 'the outage');
    const { look } = await published(
      (next) => next.at > first.at && kms(next)?.code === 'keys/kms-unavailable',
      'the look after that',
    );
    expect(look.keyProof).toMatchObject({ backups: 2, opened: 2, closed: [], damaged: [] });
    expect(look.keyProof?.at.getTime()).toBeGreaterThanOrEqual(well.keyProof?.at.getTime() ?? Infinity);
    expect(JSON.stringify(look.findings)).not.toMatch(/do not open|missing key/);
    await worker.end();
  } finally {
    if (before === undefined) delete process.env['AWS_ENDPOINT_URL_KMS'];
    else process.env['AWS_ENDPOINT_URL_KMS'] = before;
    await service.close();
  }
});
