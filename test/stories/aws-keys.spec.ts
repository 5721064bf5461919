import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateKeyCommand, DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { loadWorkerConfig } from '#config';
import { Secret, systemClock, systemRandom } from '#contracts';
import { createSealer, inspectHeader, openAll, openKeys, rewrapHeader, type KeyRing } from '#crypto';
import { CliWorld } from '../support/cli-world.js';
import { startMoto, type MotoServer } from '../support/moto-server.js';
import { expectNothingLeftOf } from '../support/nothing-left.js';
import { hazina } from '../support/run-hazina.js';
import { WorkerWorld } from '../support/worker-world.js';

// Keys in AWS KMS and Secrets Manager, against a server that speaks as they do (moto).

interface Rotation {
  readonly results: readonly { readonly backupId: string; readonly outcome: string }[];
}

const kdfSalt = '5a'.repeat(16);
const region = 'eu-west-1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
const hexKey = () => `hex:${randomBytes(32).toString('hex')}`;
const saved = { ...process.env };
let moto: MotoServer;
let kms: KMSClient;
let secrets: SecretsManagerClient;
let keyArn: string;

beforeAll(async () => {
  moto = await startMoto();
  Object.assign(process.env, moto.environment);
  kms = new KMSClient({ endpoint: moto.url, region, credentials });
  secrets = new SecretsManagerClient({ endpoint: moto.url, region, credentials });
  keyArn = await newKey();
}, 600_000);
afterAll(async () => {
  for (const name of Object.keys(moto.environment)) {
    if (saved[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = saved[name];
  }
  kms.destroy();
  secrets.destroy();
  await moto.close();
});

async function newKey(): Promise<string> {
  return (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
}

async function ringOf(...keys: string[]): Promise<KeyRing> {
  const [current, ...retired] = keys.map((text) => ({ variable: 'BACKUP_ENCRYPTION_KEY', text: new Secret(text) }));
  return (await openKeys({ current, retired }, () => undefined)).ring;
}

async function seal(ring: KeyRing): Promise<Buffer> {
  const content = { kind: 'mongodump-archive', compression: 'none' } as const;
  const common = { content, kdfSalt, clock: systemClock, random: systemRandom };
  const sealer = await createSealer({ ...common, backupId: 'clinic-20261123T020000Z-k3f9q2', ring });
  return sealer.sealAll(Buffer.from('plain'));
}

const read = async (bytes: Buffer, ring: KeyRing, sidecar?: Buffer): Promise<string> =>
  (await openAll(bytes, { ring, expect: {}, ...(sidecar === undefined ? {} : { sidecar }) })).plaintext.toString();
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

/** KMS answers every call with an error of this type. */
async function refuseWith(type: string): Promise<{ close(): Promise<number> }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(type === 'KMSInternalException' ? 500 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ __type: type, message: 'refused, test-secret' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['AWS_ENDPOINT_URL_KMS'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async close() {
      process.env['AWS_ENDPOINT_URL_KMS'] = moto.url;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      return asked;
    },
  };
}

describe('a key in AWS KMS', () => {
  it('wraps the data key for one file alone, as the specification says', async () => {
    const ring = await ringOf(`aws-kms:${keyArn}`);
    const sealed = await seal(ring);
    const { fileId, slots } = inspectHeader(sealed);
    const keyId = createHash('sha256').update(keyArn).digest('hex').slice(0, 16);
    expect(slots).toEqual([{ kind: 'aws-kms', keyId, keyArn, wrapped: expect.any(String) }]);
    expect(await read(sealed, ring)).toBe('plain');
    // By KMS itself, with the file's id as the encryption context and with no other.
    const { wrapped } = slots[0] as unknown as { wrapped: string };
    const request = { KeyId: keyArn, CiphertextBlob: Buffer.from(wrapped, 'base64') };
    const opened = await kms.send(new DecryptCommand({ ...request, EncryptionContext: { fileId } }));
    expect(opened.Plaintext).toHaveLength(32);
    expect(await failure(kms.send(new DecryptCommand(request)))).toMatchObject({ name: 'InvalidCiphertextException' });
    // A slot of another file, as an attacker would move it.
    const other = (await seal(ring)).subarray();
    const json = JSON.stringify({ ...inspectHeader(other), slots });
    const forged = Buffer.from(other);
    forged.fill(0, 12, 4064);
    forged.writeUInt32BE(Buffer.byteLength(json), 8);
    forged.write(json, 12);
    expect(await failure(read(forged, ring))).toMatchObject({ code: 'container/wrong-key' });
  });

  it('stands beside other keys, comes and goes by rotation', async () => {
    const old = hexKey();
    const sealed = await seal(await ringOf(old));
    const from = await ringOf(`aws-kms:${keyArn}`, old);
    const common = { kdfSalt, random: systemRandom };
    const sidecar = await rewrapHeader(sealed, { ...common, from, to: from.currentOnly() });
    expect(await read(sealed, await ringOf(`aws-kms:${keyArn}`), sidecar)).toBe('plain');
    const back = await ringOf(old, `aws-kms:${keyArn}`);
    const again = await rewrapHeader(sealed, { ...common, from: back, to: back.currentOnly(), sidecar });
    expect(inspectHeader(again).slots.map(({ kind }) => kind)).toEqual(['raw']);
    expect(await failure(read(await seal(await ringOf(`aws-kms:${keyArn}`)), await ringOf(old)))).toMatchObject({
      code: 'container/no-key',
    });
  });

  it('seals beside another one there: either of them alone opens what was sealed, and a rotation brings both', async () => {
    const one = `aws-kms:${keyArn}`;
    const other = `aws-kms:${await newKey()}`;
    const given = (text: string, variable = 'BACKUP_ENCRYPTION_KEY') => ({ variable, text: new Secret(text) });
    // The first stands there twice: it gets one slot.
    const recipients = [one, other].map((text) => given(text, 'BACKUP_RECIPIENTS'));
    const old = hexKey();
    const { ring } = await openKeys({ current: given(one), retired: [given(old)], recipients }, () => undefined);
    const sealed = await seal(ring);
    expect(inspectHeader(sealed).slots.map(({ kind }) => kind)).toEqual(['aws-kms', 'aws-kms']);
    const before = await seal(await ringOf(old));
    const rotation = { from: ring, to: ring.currentOnly(), kdfSalt, random: systemRandom };
    const sidecar = await rewrapHeader(before, rotation);
    for (const alone of [one, other]) {
      expect(await read(sealed, await ringOf(alone))).toBe('plain');
      expect(await read(before, await ringOf(alone), sidecar)).toBe('plain');
    }
  });

  it('that is not there says so', async () => {
    const gone = `${keyArn.slice(0, keyArn.lastIndexOf('/') + 1)}11111111-2222-3333-4444-555555555555`;
    expect(await failure(seal(await ringOf(`aws-kms:${gone}`)))).toMatchObject({
      ...{ code: 'keys/kms-not-found', stage: 'keys', retry: 'no-retry' },
      message: expect.stringContaining(gone),
    });
  });

  // Refusals that moto does not make, in the words of AWS.
  it.each([
    ['DisabledException', 'keys/kms-disabled', 'no-retry'],
    ['KMSInvalidStateException', 'keys/kms-disabled', 'no-retry'],
    ['AccessDeniedException', 'keys/kms-access-denied', 'no-retry'],
    ['UnrecognizedClientException', 'keys/kms-access-denied', 'no-retry'],
    ['ThrottlingException', 'keys/kms-throttled', 'retry'],
    ['KMSInternalException', 'keys/kms-unavailable', 'retry'],
  ])(
    'that is refused with %s is %s',
    async (type, code, retry) => {
      const sealed = await seal(await ringOf(`aws-kms:${keyArn}`));
      const refusing = await refuseWith(type);
      const ring = await ringOf(`aws-kms:${keyArn}`);
      const [opened, made] = await Promise.all([failure(read(sealed, ring)), failure(seal(ring))]);
      const asked = await refusing.close();
      expect([opened, made]).toMatchObject([
        { code, stage: 'keys', retry },
        { code, stage: 'keys', retry },
      ]);
      expect(asked > 2).toBe(retry === 'retry');
      expect(JSON.stringify([opened, String(opened)])).not.toContain('test-secret');
    },
    30_000,
  );

  it('that cannot be asked is worth another try, and keeps no other key from opening', async () => {
    const key = hexKey();
    const both = await openKeys(
      {
        current: { variable: 'KEY', text: new Secret(`aws-kms:${keyArn}`) },
        retired: [{ variable: 'OLD', text: new Secret(key) }],
      },
      () => undefined,
    );
    const old = await seal(await ringOf(key));
    const sidecar = await rewrapHeader(old, {
      ...{ from: both.ring, to: both.ring.currentOnly(), kdfSalt, random: systemRandom },
      keep: inspectHeader(old).slots,
    });
    const alone = await seal(await ringOf(`aws-kms:${keyArn}`));
    process.env['AWS_ENDPOINT_URL_KMS'] = 'http://127.0.0.1:9';
    const away = await failure(read(alone, await ringOf(`aws-kms:${keyArn}`)));
    // The slot of KMS comes first; that of our other key opens it all the same.
    const opened = await read(old, await ringOf(`aws-kms:${keyArn}`, key), sidecar);
    process.env['AWS_ENDPOINT_URL_KMS'] = moto.url;
    expect(away).toMatchObject({ code: 'keys/kms-unavailable', retry: 'retry' });
    expect(opened).toBe('plain');
  }, 30_000);
});

describe('a key in AWS Secrets Manager', () => {
  it('is fetched, with its forerunners, and again when it has changed', async () => {
    const [first, second] = [hexKey(), hexKey()];
    const Name = `hazina/${randomBytes(4).toString('hex')}`;
    await secrets.send(new CreateSecretCommand({ Name, SecretString: `${first}\n` }));
    const current = { variable: 'BACKUP_ENCRYPTION_KEY', text: new Secret(`aws-secret:${Name}`) };
    const before = await openKeys({ current, retired: [] }, () => undefined);
    const sealed = await seal(before.ring);
    expect(await read(sealed, await ringOf(first))).toBe('plain');
    await secrets.send(new PutSecretValueCommand({ SecretId: Name, SecretString: `${second}\n${first}` }));
    const { ring, given } = await openKeys({ current, retired: [] }, () => undefined);
    expect(ring.current).toHaveLength(1);
    expect(await read(sealed, ring)).toBe('plain');
    expect(await read(await seal(ring), await ringOf(second))).toBe('plain');
    expect(given.retired.map(({ variable }) => variable)).toEqual([
      'BACKUP_ENCRYPTION_KEY (AWS Secrets Manager, line 2)',
    ]);
  });

  it('that is missing, empty or no key is named, and never shown', async () => {
    const Name = `hazina/${randomBytes(4).toString('hex')}`;
    await secrets.send(new CreateSecretCommand({ Name, SecretString: 'hex:0123' }));
    expect(await failure(ringOf('aws-secret:nothing-here'))).toMatchObject({
      ...{ code: 'keys/secret-not-found', retry: 'no-retry' },
      message: expect.stringContaining('BACKUP_ENCRYPTION_KEY'),
    });
    const refused = await failure(ringOf(`aws-secret:${Name}`));
    expect(refused).toMatchObject({ code: 'keys/refused' });
    expect(String(refused)).not.toContain('0123');
  });
});

describe('a worker with a key in AWS KMS', () => {
  it('needs no key in its environment: it backs up, and verifies what it wrote', async () => {
    const world = await WorkerWorld.open();
    try {
      await world.fill(20);
      const settings = {
        BACKUP_ENCRYPTION_KEY: `aws-kms:${keyArn}`,
        BACKUP_VERIFY: 'readable',
        BACKUP_REAPER_SECONDS: '1',
      };
      const { lines, worker } = await world.worker(settings);
      const backupId = await world.trigger();
      const proven = await world.until(backupId, ({ verifications }) => verifications.length > 0, {
        what: 'the verification',
      });
      expect(proven.verifications).toMatchObject([{ level: 'readable', status: 'completed' }]);
      // Without a restart it takes another key, for what comes then; one that cannot be used changes nothing.
      const next = hexKey();
      const readFile = () => Buffer.alloc(0);
      const load = (more: Record<string, string>) =>
        loadWorkerConfig({
          environment: world.environment({ ...settings, ...more }),
          readFile,
          workingDirectory: world.folder,
        });
      const refused = load({ BACKUP_ENCRYPTION_KEY: 'hex:0123' });
      expect(await failure(refused.then(({ keys }) => worker.reloadKeys(keys)))).toMatchObject({
        code: 'keys/refused',
      });
      const { keys } = await load({
        BACKUP_ENCRYPTION_KEY: next,
        BACKUP_ENCRYPTION_KEYS_RETIRED: `aws-kms:${keyArn}`,
      });
      await worker.reloadKeys(keys);
      const later = await world.trigger();
      const after = await world.until(later, ({ status }) => status === 'completed', { what: 'the second backup' });
      expect(after.keyIds).toHaveLength(1);
      expect(after.keyIds).not.toEqual(proven.keyIds);
      expect(lines.filter(({ msg }) => msg === 'keys read again')).toMatchObject([
        { added: after.keyIds, removed: [] },
      ]);
      expect(JSON.stringify(lines)).not.toContain(next.slice(4));
      await expectNothingLeftOf(world);
    } finally {
      await world.close();
    }
  }, 60_000);
});

describe('a rotation to a key in AWS KMS', () => {
  it('by the command line: the dry run tells it, and then everything opens with it alone', async () => {
    const world = new CliWorld();
    try {
      await world.client.db(world.database).collection('any').insertOne({ a: 1 });
      const { backupId } = await world.backup(world.environment);
      const kmsKey = { BACKUP_ENCRYPTION_KEY: `aws-kms:${keyArn}` };
      const both = {
        ...world.environment,
        ...moto.environment,
        ...kmsKey,
        BACKUP_ENCRYPTION_KEYS_RETIRED: world.key,
      };
      const dry = await hazina(['keys', 'rotate', '--dry-run', '--json'], both);
      expect({ code: dry.code, results: (JSON.parse(dry.stdout) as Rotation).results }).toMatchObject({
        code: 0,
        results: [{ backupId, outcome: 'would-rotate' }],
      });
      const run = await hazina(['keys', 'rotate', '--json'], both);
      expect({ code: run.code, results: (JSON.parse(run.stdout) as Rotation).results }).toMatchObject({
        code: 0,
        results: [{ backupId, outcome: 'rotated' }],
      });
      const alone = { ...world.environment, ...moto.environment, ...kmsKey };
      expect((await hazina(['keys', 'check'], alone)).code).toBe(0);
      expect((await hazina(['verify', backupId, '--level', 'readable'], alone)).code).toBe(0);
      expect(world.leftovers()).toEqual([]);
    } finally {
      await world.close();
    }
  }, 120_000);
});
