import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { startKeyService, type KeyService } from '../support/key-service.js';
import { kmsArn } from '../support/kms-double.js';
import { runDoctor } from '../support/run-doctor.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// What the command line says of a key service that is away, or a key there that cannot be used.

const world = new CliWorld();
let service: KeyService;
let backupId: string;
const cli = (): Environment => ({
  ...world.environment,
  ...service.environment,
  BACKUP_ENCRYPTION_KEY: `aws-kms:${kmsArn(1)}`,
});
const doctor = (environment: Environment, ...more: string[]) => runDoctor(environment, [], ...more);

beforeAll(async () => {
  service = await startKeyService();
  await fillSampleDatabase(world.client.db(world.database), 20);
  ({ backupId } = await world.backup(cli()));
}, 90_000);
beforeEach(() => {
  service.mode = 'works';
});
afterAll(async () => {
  await service.close();
  await world.close();
});

it('keys check: a KMS that is away is no lost key', async () => {
  expect(await hazina(['keys', 'check'], cli())).toMatchObject({ code: 0 });
  service.mode = 'KMSInternalException';
  const error = await world.failing(['keys', 'check'], cli());
  expect(error).toMatchObject({ code: 'keys/kms-unavailable', exitCode: 14 });
  expect(`${error.message} ${error.hint}`).not.toMatch(/do not open|missing key|cannot be restored/);
  const { stdout } = await hazina(['keys', 'check'], cli());
  expect(stdout).toMatch(new RegExp(`^unknown +${backupId} `, 'm'));
}, 60_000);

it('doctor: a key there is tried, and not only named', async () => {
  expect((await doctor(cli())).finding('keys in AWS KMS')).toMatchObject({ status: 'ok' });
  service.mode = 'DisabledException';
  const report = await doctor(cli());
  expect(report.finding('keys')).toMatchObject({ status: 'ok' });
  expect(report.finding('keys in AWS KMS')).toMatchObject({ status: 'error', code: 'keys/kms-disabled' });
  expect(report.code).toBe(13);
}, 60_000);

it('doctor: a key store that does not answer is told as one', async () => {
  service.mode = 'silent';
  const kept = { ...cli(), BACKUP_ENCRYPTION_KEY: 'aws-secret:hazina/key' };
  const secret = await doctor(kept, '--timeout', '2');
  expect(secret.finding('keys')).toMatchObject({
    ...{ status: 'error', code: 'keys/secret-unavailable' },
    hint: expect.stringContaining('AWS Secrets Manager did not answer'),
  });
  const wrapped = await doctor(cli(), '--timeout', '2');
  expect(wrapped.finding('keys in AWS KMS')).toMatchObject({ status: 'error', code: 'keys/kms-unavailable' });
}, 60_000);
