import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { ServiceWorld } from '../support/service-world.js';
import { pythonProgram } from '../support/python.js';
import { projectRoot } from '../support/run-hazina.js';
import type { ServiceProcess } from '../support/service-process.js';

// Schemathesis reads the OpenAPI document and sends what it allows and what it forbids, in sequences too, with all of its checks: no 5xx, no undocumented
// status, no reply of another shape, no forbidden value taken, no allowed one refused, nothing without a token. HAZINA_SCHEMATHESIS_SECONDS for longer runs.

const secondsForEach = Number(process.env['HAZINA_SCHEMATHESIS_SECONDS'] ?? 30);
let world: ServiceWorld;
let api: ServiceProcess;
let schemathesis: string;

beforeAll(async () => {
  schemathesis = pythonProgram('schemathesis', ['schemathesis==4.32.5'], 'st');
  world = await ServiceWorld.create('folder', {
    TRUST_PROXY: 'loopback',
    RESTORE_TARGETS: 'staging,production',
    RESTORE_TARGET_STAGING_SCRATCH: 'true',
  });
  await world.fill(200);
  api = await world.startApi();
  // Nobody is there: what is asked for is taken, and restores nothing.
  const nobody = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200';
  await world.startWorker({ RESTORE_TARGET_STAGING_URI: nobody, RESTORE_TARGET_PRODUCTION_URI: nobody });
  const operator = world.as('operator', api);
  await operator.settled(await operator.trigger());
}, 300_000);
afterAll(() => world.close(), 60_000);

it.each(['nobody', 'viewer', 'operator', 'admin'])(
  'finds nothing as %s',
  async (role) => {
    const { code, output } = await run(role === 'nobody' ? '' : role);
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    expect(output).toMatch(/\d+ generated, \d+ passed/);
    expect(api.exit).toBeUndefined();
  },
  (secondsForEach + 120) * 1000,
);

async function run(role: string): Promise<{ code: number | null; output: string }> {
  const args = ['--config-file', join(projectRoot, 'test/surface/schemathesis.toml'), 'run', `${api.url}/docs-json`];
  const limits = ['--max-time', String(secondsForEach), '--continue-on-failure', '--no-color', '--seed', '20261125'];
  // A stream of events has no end; it has tests of its own.
  const endless = ['watchBackups', 'watchBackup'].flatMap((id) => ['--exclude-operation-id', id]);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(schemathesis, [...args, ...limits, ...endless], {
    cwd: world.folder,
    env: {
      PATH,
      HOME,
      ROLE: role,
      JWT_SECRET: world.jwtSecret,
      PYTHONPATH: join(projectRoot, 'test/surface'),
      PYTHONDONTWRITEBYTECODE: '1',
      SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: lines.join('\n') };
}
