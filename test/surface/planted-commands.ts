import { expect } from '@jest/globals';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { services } from '../services/services.js';
import type { ApiClient } from '../support/api-client.js';
import type { ServiceProcess } from '../support/service-process.js';
import type { Settings } from '../support/service-world.js';
import { withPassword } from './places.js';
import type { PlantedWorld } from './planted-world.js';
import type { Witness } from './witness.js';

export interface Doing {
  readonly planted: PlantedWorld;
  readonly witness: Witness;
  readonly admin: ApiClient;
  /** With the old key. */
  readonly worker: ServiceProcess;
  readonly ofWorker: Settings;
  readonly ofCli: Settings;
  readonly backupId: string;
  readonly second: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

export async function compareAndCopy({ witness, backupId, second, ofCli }: Doing): Promise<void> {
  await witness.command(['diff', backupId, second, '--documents'], ofCli);
  await witness.command(['diff', backupId, '--to-env', 'MONGODB_URI', '--documents', '--json'], ofCli);
  await witness.command(['destinations', 'list'], ofCli);
  await witness.command(['verify', backupId, '--from', 'offsite'], ofCli);
  await witness.command(['destinations', 'copy', backupId, '--from', 'primary', '--to', 'vault'], ofCli);
}

/** A private key, then a rotation to KMS by the service and one to Secrets Manager by the command; an AWS that refuses. */
export async function changeKeys(doing: Doing): Promise<void> {
  const { planted, witness, admin, worker, ofWorker, ofCli, backupId, privateKey, publicKey } = doing;
  const { BACKUP_RECIPIENTS: _public, ...others } = ofCli;
  await witness.command(['verify', backupId], { ...others, BACKUP_ENCRYPTION_KEY: privateKey });
  const kmsKey = `aws-kms:${await fillAws(planted)}`;
  const old = `hex:${planted.secret('old-key')}`;
  await worker.stop('SIGTERM');
  await planted.world.startWorker({
    ...ofWorker,
    ...{ BACKUP_ENCRYPTION_KEY: kmsKey, BACKUP_ENCRYPTION_KEYS_RETIRED: old },
  });
  const { body } = await admin.post('/api/admin/keys/rotate', {});
  const rotation = await witness.ended(admin, `/api/admin/keys/rotations/${String(body.rotationId)}`);
  expect(rotation).toMatchObject({ status: 'completed' });

  const withKms = { ...ofCli, BACKUP_ENCRYPTION_KEY: kmsKey, BACKUP_RECIPIENTS: publicKey };
  await witness.command(['verify', backupId], withKms);
  await witness.command(['verify', backupId], { ...withKms, AWS_ENDPOINT_URL_KMS: planted.refusing }, 'badly');
  const managed: Settings = {
    ...ofCli,
    ...{ BACKUP_ENCRYPTION_KEY: 'aws-secret:backup-key', BACKUP_ENCRYPTION_KEYS_RETIRED: `${kmsKey}\n${old}` },
    BACKUP_RECIPIENTS: publicKey,
  };
  await witness.command(['keys', 'rotate'], managed);
  await witness.command(['keys', 'list'], managed);
  await witness.command(['keys', 'check'], managed);
  await witness.command(['verify', backupId], { ...managed, BACKUP_ENCRYPTION_KEYS_RETIRED: '' });
  const refused = { ...managed, AWS_ENDPOINT_URL_SECRETS_MANAGER: planted.refusing };
  await witness.command(['verify', backupId], refused, 'badly');
}

/** Gives the ARN of the key in KMS. */
async function fillAws({ moto, secret }: PlantedWorld): Promise<string> {
  const credentials = { accessKeyId: 'primary-writer', secretAccessKey: secret('s3') };
  const options = { endpoint: moto.url, region: services().s3.region, credentials };
  const kms = new KMSClient(options);
  const manager = new SecretsManagerClient(options);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const SecretString = `hex:${secret('managed-key')}`;
  await manager.send(new CreateSecretCommand({ Name: 'backup-key', SecretString }));
  kms.destroy();
  manager.destroy();
  return KeyMetadata?.Arn ?? '';
}

/** What is wrong is named, and not repeated. */
export async function badCommands({ planted, witness, backupId, ofCli }: Doing): Promise<void> {
  const { secret, target, world, scratch, proxy } = planted;
  const bad = (args: readonly string[], changes: Settings) => witness.command(args, { ...ofCli, ...changes }, 'badly');
  const malformed = `mongodb://u:${secret('wrong-restore')}@`;
  const restoring = ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${world.source}=${scratch}_b`];
  await bad(restoring, { TARGET_URI: malformed });
  await bad(restoring, { TARGET_URI: withPassword(target.uri, secret('wrong-restore')) });
  await bad(['diff', backupId, '--to-env', 'TARGET_URI'], { TARGET_URI: malformed });
  await bad(['verify', backupId], { BACKUP_ENCRYPTION_KEY: `x25519-private:${secret('private-key')}x` });
  const retired = `hex:${secret('managed-key')}ff`;
  await bad(['verify', backupId], { BACKUP_ENCRYPTION_KEY: '', BACKUP_ENCRYPTION_KEYS_RETIRED: retired });
  const otherScheme = `ftp://${secret('hook-password')}@${secret('hook-path')}`;
  await bad(['backup', '--target', 'stopped'], { OPS_HOOK_URL: otherScheme });
  await bad(['backup', '--target', 'stopped'], {});
  await bad(['doctor'], { RESTORE_TARGET_STAGING_URI: malformed });
  proxy.on({ kind: 'reply', status: 403, code: 'SignatureDoesNotMatch' });
  await bad(['storage', 'check'], {});
  await bad(['verify', backupId, '--from', 'offsite'], {});
  await bad(['destinations', 'copy', backupId, '--from', 'vault', '--to', 'offsite'], {});
  proxy.heal();
}
