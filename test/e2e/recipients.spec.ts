import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../services/services.js';
import type { ApiClient } from '../support/api-client.js';
import { pythonProgram } from '../support/python.js';
import { hazina, projectRoot } from '../support/run-hazina.js';
import { ServiceWorld, type Settings } from '../support/service-world.js';

// A worker that holds a public key alone backs up, verifies what is stored, and cannot read what it wrote; whoever holds the private key restores it.

interface Pair {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly keyId: string;
}

let world: ServiceWorld;
let admin: ApiClient;
let pair: Pair;
let backupId: string;
let writer: Settings;
let restorer: Settings;

beforeAll(async () => {
  pair = JSON.parse((await hazina(['keys', 'generate', '--recipient', '--json'], {})).stdout) as Pair;
  world = await ServiceWorld.create('folder');
  await world.fill(200);
  const { BACKUP_ENCRYPTION_KEY: _, ...none } = world.cliEnvironment;
  writer = { ...none, BACKUP_RECIPIENTS: pair.publicKey };
  restorer = { ...none, BACKUP_ENCRYPTION_KEY: pair.privateKey };
  admin = world.as('admin', await world.startApi());
  await world.startWorker({ BACKUP_ENCRYPTION_KEY: '', BACKUP_RECIPIENTS: pair.publicKey });
  backupId = await admin.trigger();
}, 240_000);
afterAll(() => world.close());

const verifications = async () =>
  (await admin.backup(backupId)).verifications as {
    level: string;
    status: string;
    error: { code: string } | null;
  }[];
const failing = async (args: string[], environment: Settings) => {
  const { code, stderr } = await hazina([...args, '--json'], environment);
  return { exit: code, ...(JSON.parse(stderr.trim().split('\n').at(-1) ?? '{}') as { code: string }) };
};

it('the worker backs up for the recipient, and verifies by itself what can be verified without a key', async () => {
  expect(await admin.settled(backupId)).toMatchObject({ status: 'completed', keyIds: [pair.keyId] });
  const first = await waitUntil(async () => (await verifications())[0], {
    what: 'the verification that nobody asked for',
    timeoutMs: 60_000,
    intervalMs: 400,
  });
  expect(first).toMatchObject({ level: 'stored', status: 'completed', error: null });
}, 120_000);

it('refuses to read, by name, and that is no alarm', async () => {
  const asked = await admin.post(`/api/admin/backups/${backupId}/verify`, { level: 'readable' });
  expect(asked.status).toBe(202);
  const second = await waitUntil(async () => (await verifications())[1], {
    what: 'the refusal',
    timeoutMs: 60_000,
    intervalMs: 400,
  });
  expect(second).toMatchObject({ level: 'readable', status: 'failed', error: { code: 'keys/write-only' } });
  expect(await world.client.db(world.catalog).collection('notifications').countDocuments()).toBe(0);
  expect((await world.records({ backupId }))[0]).toMatchObject({ verificationFailed: false });
  const [, worker] = world.processes;
  const loud = worker?.lines.filter(({ level }) => level === 'error' || level === 'fatal');
  expect(loud).toEqual([]);
  expect(JSON.stringify(world.processes.map(({ lines }) => lines))).not.toContain(pair.privateKey.slice(15));
}, 120_000);

it('its command line writes, verifies what is stored, and says of all else why not', async () => {
  const made = await hazina(['backup', '--json', '--verify', 'stored'], writer);
  expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(made.stdout)).toMatchObject({ keyIds: [pair.keyId] });
  expect((await hazina(['verify', '--all', '--level', 'stored'], writer)).code).toBe(0);
  const refused = [
    ['verify', backupId],
    ['backup', '--verify'],
    ['keys', 'rotate', '--dry-run'],
  ];
  expect(await Promise.all(refused.map((args) => failing(args, writer)))).toMatchObject(
    refused.map(() => ({ exit: 13, code: 'keys/write-only' })),
  );
  const [check, list, extract] = await Promise.all([
    hazina(['keys', 'check'], writer),
    hazina(['keys', 'list', '--json'], writer),
    hazina(['extract', backupId, '-o', join(world.folder, 'never')], writer),
  ]);
  expect(check).toMatchObject({ code: 13, stderr: expect.stringContaining('keys/write-only') });
  expect(check.stdout).toContain(`sealed  ${backupId}  for ${pair.keyId}`);
  expect(list.stdout).toContain('"form": "x25519-public"');
  expect(extract.code).toBe(13);
  expect(readdirSync(world.folder)).not.toContain('never');
}, 180_000);

it('the holder of the private key opens, restores, and rotates', async () => {
  const reads = [
    ['verify', '--all'],
    ['keys', 'check'],
    ['cat', backupId, `${world.source}.patients`],
  ];
  const codes = await Promise.all(reads.map(async (args) => (await hazina(args, restorer)).code));
  expect(codes).toEqual([0, 0, 0]);
  const target = `${world.source}_back`;
  const restored = await hazina(
    ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${world.source}=${target}`, '--json'],
    restorer,
  );
  expect(JSON.parse(restored.stdout)).toMatchObject({ outcome: 'restored' });
  const [before, after] = [world.source, target].map((name) => world.client.db(name).collection('patients'));
  expect(await after?.countDocuments()).toBe(await before?.countDocuments());
  await world.client.db(target).dropDatabase();
  const kit = await hazina(['keys', 'recovery-kit'], restorer);
  expect(kit.stdout).toContain(`current key ${pair.keyId}`);
  expect(kit.stdout + kit.stderr).not.toContain(pair.privateKey.slice(15));

  // Sealed for an heir besides; the old recipient is left out of it once the new one is proven.
  const next = JSON.parse((await hazina(['keys', 'generate', '--recipient', '--json'], {})).stdout) as Pair;
  const changing = {
    ...restorer,
    BACKUP_ENCRYPTION_KEY: next.privateKey,
    BACKUP_ENCRYPTION_KEYS_RETIRED: pair.privateKey,
  };
  expect((await hazina(['keys', 'rotate'], changing)).code).toBe(0);
  const heir = { ...restorer, BACKUP_ENCRYPTION_KEY: next.privateKey };
  expect((await hazina(['verify', '--all'], heir)).code).toBe(0);
}, 240_000);

it('without anything of ours: the recovery script opens it with the private key', () => {
  const python = pythonProgram('recovery', ['cryptography', 'zstandard'], 'python3');
  const folder = join(world.environment['BACKUP_DIRECTORY'] ?? '', 'clinic', backupId, '1');
  writeFileSync(join(world.folder, 'data.hzn'), readFileSync(join(folder, 'data.hzn')));
  const run = spawnSync(python, [join(projectRoot, 'recovery/hazina_recover.py'), 'data.hzn', '-o', 'out.archive'], {
    ...{ cwd: world.folder, encoding: 'utf8' },
    env: { BACKUP_ENCRYPTION_KEY: pair.privateKey, PYTHONDONTWRITEBYTECODE: '1' },
  });
  expect({ code: run.status, stderr: run.stderr }).toMatchObject({ code: 0 });
  // The magic number of mongodump's archives.
  expect(readFileSync(join(world.folder, 'out.archive')).readUInt32LE(0)).toBe(0x8199e26d);
}, 60_000);
