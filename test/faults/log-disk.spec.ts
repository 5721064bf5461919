import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { childEnvironment } from '../support/child-environment.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import { programOf } from '../support/program-of.js';
import { ServiceWorld } from '../support/service-world.js';

// F34: the disk below the logs is full. A backup is worth more than its words.

it('F34 a worker whose log cannot be written makes its backup and ends in order', async () => {
  const world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off' });
  const nowhere = openSync('/dev/full', 'w');
  try {
    await world.fill(50);
    const api = await world.startApi();
    const settings = { ...world.cliEnvironment, ...world.environment, WORKER_PORT: '0', WORKER_HOST: '127.0.0.1' };
    const worker = spawn(process.execPath, [programOf('worker')], {
      env: childEnvironment(settings),
      stdio: ['ignore', nowhere, nowhere],
    });
    const closed = once(worker, 'close') as Promise<[number | null, string | null]>;
    try {
      const operator = world.as('operator', api);
      expect(await operator.settled(await operator.trigger())).toMatchObject({ status: 'completed' });
      expect([worker.exitCode, worker.signalCode]).toEqual([null, null]);
    } finally {
      worker.kill('SIGTERM');
    }
    expect(await closed).toEqual([0, null]);
    await expectNothingLeft(world, [api]);
  } finally {
    closeSync(nowhere);
    await world.close();
  }
}, 120_000);
