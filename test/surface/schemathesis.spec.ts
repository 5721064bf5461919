import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServiceWorld } from '../support/service-world.js';
import { pythonProgram } from '../support/python.js';
import { hazina, projectRoot } from '../support/run-hazina.js';
import type { ServiceProcess } from '../support/service-process.js';
import { runProgram } from '../support/run-program.js';

// Schemathesis reads the OpenAPI document and sends what it allows and what it forbids, in sequences too, with all of its checks: no 5xx, no undocumented
// status, no reply of another shape, no forbidden value taken, no allowed one refused, nothing without a token, no method that the document does not name.

/** For what is drawn at random; the enumerated cases before it take the time that they take. HAZINA_SCHEMATHESIS_SECONDS for longer runs. */
const secondsForEach = Number(process.env['HAZINA_SCHEMATHESIS_SECONDS'] ?? 20);
const seed = process.env['HAZINA_SCHEMATHESIS_SEED'] ?? '20261125';
const password = randomBytes(12).toString('hex');
const metricsToken = randomBytes(24).toString('hex');
let world: ServiceWorld;
let api: ServiceProcess;
let schemathesis: string;
let configFile: string;

beforeAll(async () => {
  schemathesis = pythonProgram('schemathesis', ['schemathesis==4.32.5'], 'st');
  world = await ServiceWorld.create('folder', {
    TRUST_PROXY: 'loopback',
    RESTORE_TARGETS: 'staging,production',
    RESTORE_TARGET_STAGING_SCRATCH: 'true',
    METRICS_TOKEN: metricsToken,
  });
  await world.fill(200);
  const passwordFile = join(world.folder, 'password');
  writeFileSync(passwordFile, password);
  const hash = await hazina(['token', 'hash-password', '--password-file', passwordFile], {});
  api = await world.startApi({ ADMIN_USERNAME: 'admin', ADMIN_PASSWORD_HASH: hash.stdout.trim() });
  // Nobody is there: what is asked for is taken, and restores nothing.
  const nobody = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200';
  await world.startWorker({ RESTORE_TARGET_STAGING_URI: nobody, RESTORE_TARGET_PRODUCTION_URI: nobody });
  configFile = writeConfig(await makeRecords());
}, 300_000);
afterAll(() => world.close(), 60_000);

it.each(['nobody', 'viewer', 'operator', 'admin'])(
  'finds nothing as %s',
  async (role) => {
    // What is enumerated is enumerated to its end, whatever the time.
    await findsNothing(role, ['--phases', 'examples,coverage']);
    const bounded = ['--max-time', String(secondsForEach)];
    await findsNothing(role, ['--phases', 'fuzzing', ...bounded]);
    // A run of its own: what follows from a reply takes its time whatever the other phases left.
    await findsNothing(role, ['--phases', 'stateful', ...bounded]);
    expect(api.exit).toBeUndefined();
  },
  (4 * secondsForEach + 600) * 1000,
);

/** A machine that stands still for three seconds makes the service say so (503), which is right, and no finding: what makes it say so every time is one. */
async function findsNothing(role: string, phases: readonly string[]): Promise<void> {
  const first = await run(role, phases);
  const { code, output } = first.code !== 0 && hasOnlyOutages(first.output) ? await run(role, phases) : first;
  expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  expect(output).toMatch(/[1-9]\d* generated, [1-9]\d* passed/);
}

/** Every reply that it tells of says that catalogue or queue did not answer. */
function hasOnlyOutages(output: string): boolean {
  const replies = output.match(/^\[\d{3}\] .*:\s+`.*$/gm) ?? [];
  const isOutage = (reply: string): boolean =>
    /^\[503\][^]*problems\/(catalog-unavailable|queue-unavailable|request-timeout)"/.test(reply);
  return replies.length > 0 && replies.every(isOutage) && replies.length === output.match(/^\[\d{3}\] /gm)?.length;
}

function run(role: string, phases: readonly string[]): ReturnType<typeof runProgram> {
  const config = ['--config-file', configFile];
  const limits = ['--checks', 'all', '--continue-on-failure', '--no-color', '--seed', seed];
  return runProgram(schemathesis, [...config, 'run', `${api.url}/docs-json`, ...limits, ...phases], {
    cwd: world.folder,
    env: {
      ROLE: role === 'nobody' ? '' : role,
      JWT_SECRET: world.jwtSecret,
      METRICS_TOKEN: metricsToken,
      API_URL: api.url,
      ADMIN_PASSWORD: password,
      PYTHONPATH: join(projectRoot, 'test/surface'),
      PYTHONDONTWRITEBYTECODE: '1',
      SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
    },
  });
}

/** With the ids of this run. */
function writeConfig(ids: Readonly<Record<string, string>>): string {
  const file = join(world.folder, 'schemathesis.toml');
  const text = readFileSync(join(projectRoot, 'test/surface/schemathesis.toml'), 'utf8');
  const filled = text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => ids[name] ?? '');
  writeFileSync(file, filled);
  return file;
}

/** Of every kind one, so that routes for one of them have something to find. */
async function makeRecords(): Promise<Record<string, string>> {
  const admin = world.as('admin', api);
  const ids: Record<string, string> = {};
  for (const name of ['BACKUP_1', 'BACKUP_2', 'BACKUP_3', 'BACKUP_4']) {
    const backupId = await admin.trigger();
    expect(await admin.settled(backupId)).toMatchObject({ status: 'completed' });
    ids[name] = backupId;
  }
  const restore = { targetName: 'staging', mode: 'scratch' as const, dryRun: true };
  ids['RESTORE'] = await admin.restore(ids['BACKUP_1'] ?? '', restore);
  const { body } = await admin.post('/api/admin/backups/cleanup', { dryRun: true });
  ids['CLEANUP'] = String(body.cleanupId);
  return ids;
}
