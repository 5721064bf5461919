import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../services/wait-until.js';
import { FaultWatch } from './fault-watch.js';

// What is left here on purpose must be found.

const soon = 300;
let watch: FaultWatch;
beforeEach(() => {
  watch = new FaultWatch();
});
afterEach(() => {
  watch.close();
  expect(existsSync(watch.folder)).toBe(false);
});

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('what is left after a fault', () => {
  it('memory of a test, until it is let go', async () => {
    watch.testBegins();
    const leaked = [Buffer.alloc(5 * 2 ** 20, 1)];
    // The base stays that of the first test.
    watch.testBegins();
    await expect(watch.testEnds(soon)).rejects.toThrow(/memory to be back.*\nbuffers: /);
    leaked.pop();
    await watch.testEnds();
  });

  it('a file in the folder for temporary files', async () => {
    writeFileSync(join(watch.folder, 'dump.yaml'), '');
    mkdirSync(join(watch.folder, 'node-compile-cache'));
    await expect(watch.fileEnds(soon)).rejects.toThrow(/\ndump\.yaml$/);
    rmSync(join(watch.folder, 'dump.yaml'));
    await watch.fileEnds(soon);
  });

  it('a child of this process', async () => {
    const child = spawn('sleep', ['60'], { env: {}, stdio: 'ignore' });
    await expect(watch.fileEnds(soon)).rejects.toThrow(`child ${child.pid ?? 0}: sleep 60`);
    await end(child);
    await watch.fileEnds();
  });

  it('a process that a test started, and none that ran before it', async () => {
    const before = spawn('sleep', ['60'], { env: {}, stdio: 'ignore' });
    watch.testBegins();
    const child = spawn('sleep', ['60'], { env: {}, stdio: 'ignore' });
    await expect(watch.testEnds(soon)).rejects.toThrow(new RegExp(`started.*\nchild ${child.pid ?? 0}: sleep 60$`));
    await end(child);
    // One that holds data for the tests behind it.
    const server = spawn('bash', ['-c', 'exec -a /opt/redis-server sleep 60'], { env: {}, stdio: 'ignore' });
    await waitUntil(() => readFileSync(`/proc/${server.pid ?? 0}/cmdline`, 'utf8').startsWith('/opt/'), { what: 'it' });
    await watch.testEnds();
    await end(server);
    await end(before);
  });

  it('a process of somebody who has gone, by the folder that it was given', async () => {
    const env = { PATH: process.env['PATH'], TMPDIR: join(watch.folder, 'tmp') };
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const orphan = Number(text.toString());
    await expect(watch.fileEnds(soon)).rejects.toThrow(`process ${orphan}: sleep 60`);
    process.kill(orphan, 'SIGKILL');
    await watch.fileEnds();
  });
});
