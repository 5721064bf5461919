import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { runDoctor, type DoctorReport } from '../support/run-doctor.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// hazina doctor: what it finds of the copies in destinations.

const patience = 300_000;
const world = new CliWorld();
const oldKey = world.key;
const newKey = `hex:${randomBytes(32).toString('hex')}`;
const targetsFile = join(world.folder, 'targets.json');
const current: Environment = {
  ...world.environment,
  BACKUP_ENCRYPTION_KEY: newKey,
  BACKUP_TARGETS_FILE: targetsFile,
};
let old: { backupId: string; keyIds: string[] };

const doctor = (environment: Environment): Promise<DoctorReport> =>
  runDoctor(environment, [oldKey.slice(4), newKey.slice(4)]);
const errors = ({ findings }: DoctorReport) =>
  findings.filter(({ status }) => status === 'error').map(({ name }) => name);
const placeDestinations = (vault: object = {}) => {
  const at = (name: string) => ({ kind: 'directory', directory: join(world.folder, name) });
  const targets = [{ name: 'clinic', uriVariable: 'MONGODB_URI' }];
  const destinations = { vault: { ...at('vault'), ...vault }, attic: at('attic') };
  writeFileSync(targetsFile, JSON.stringify({ destinations, targets }));
};

/** One backup, of the new key, in the primary store; the one of the old key is in the vault alone. */
beforeAll(async () => {
  placeDestinations();
  await fillSampleDatabase(world.client.db(world.database), 100);
  const before = { ...current, BACKUP_ENCRYPTION_KEY: oldKey };
  old = (await world.backup(before)) as unknown as typeof old;
  const copied = await hazina(['destinations', 'copy', old.backupId, '--to', 'vault'], before);
  expect({ code: copied.code, stderr: copied.stderr }).toMatchObject({ code: 0 });
  rmSync(join(world.folder, 'store', 'clinic', old.backupId), { recursive: true });
  await world.backup(current);
}, patience);
afterAll(() => world.close());

it(
  'a copy that no key at hand opens: exit 13, and the destination is named',
  async () => {
    const report = await doctor(current);
    expect([report.code, errors(report)]).toEqual([13, ['backups open in vault']]);
    expect(report.finding('backups open in vault')).toMatchObject({ code: 'container/no-key' });
    expect(report.finding('backups open in vault')?.detail).toContain(old.keyIds[0]);
    expect(report.finding('backups open')).toMatchObject({ status: 'ok' });
    expect(report.error?.message).toContain('backups open in vault');
  },
  patience,
);

it(
  'with the old key as a retired one all of them open; it is not called needless, although the primary store needs it for none',
  async () => {
    const report = await doctor({ ...current, BACKUP_ENCRYPTION_KEYS_RETIRED: oldKey });
    expect([report.code, errors(report)]).toEqual([0, []]);
    const detail = 'all 1 kept backups open with the keys at hand';
    expect(report.finding('backups open')).toMatchObject({ status: 'ok', detail });
    expect(report.finding('backups open in vault')).toMatchObject({ status: 'ok', detail });
    expect(report.finding('destination attic')?.detail).toContain('nothing was copied there yet');
    expect(report.finding('backups open in attic')).toBeUndefined();
    expect(report.text).not.toContain('needs the retired key');
    const { BACKUP_TARGETS_FILE: _, ...alone } = current;
    const primary = await doctor({ ...alone, BACKUP_ENCRYPTION_KEYS_RETIRED: oldKey });
    expect(primary.finding('backups open')?.detail).toContain(`needs the retired key ${String(old.keyIds[0])}`);
  },
  patience,
);

it(
  'a destination over its quota, without any key: both are told, and the copies are not looked at',
  async () => {
    placeDestinations({ quotaBytes: 1, quotaPolicy: 'refuse' });
    const report = await doctor({ ...current, BACKUP_ENCRYPTION_KEY: '' });
    expect([report.code, errors(report)]).toEqual([13, ['keys', 'quota of vault']]);
    expect(report.finding('quota of vault')).toMatchObject({
      code: 'store/quota-reached',
      detail: expect.stringContaining('quotaBytes of the destination vault'),
    });
    expect(report.finding('backups open in vault')).toMatchObject({ status: 'skipped' });
  },
  patience,
);
