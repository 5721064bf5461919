import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { endProcess, isAlive, markOf, ownMark, signalProcess } from './process-mark.js';
import { waitUntil } from './wait-until.js';

it('knows a running process, and tells it from another one with its id', () => {
  expect(markOf(process.pid)).toEqual(ownMark());
  expect(isAlive(ownMark())).toBe(true);
  expect(isAlive({ ...ownMark(), startedAt: 'an earlier boot' })).toBe(false);
});

it('ends a process with the first signal that it obeys', async () => {
  const child = spawn('sh', ['-c', `trap '' TERM; echo ready; while :; do sleep 0.01; done`]);
  await once(child.stdout, 'data');
  const mark = markOf(child.pid ?? 0);
  if (mark === undefined) throw new Error('the process did not start');
  const closed = once(child, 'close');
  await endProcess(mark, ['SIGINT', 'SIGKILL']);
  expect(isAlive(mark)).toBe(false);
  expect(await closed).toEqual([null, 'SIGINT']);
  expect(signalProcess(mark, 'SIGTERM')).toBe(false);
});

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux('counts a zombie as ended', async () => {
  // The second sleep takes the place of the shell and never asks for the end of its child, the first one.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
  const [output] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(output.toString());
  await waitUntil(() => readFileSync(`/proc/${String(parent.pid)}/comm`, 'utf8') === 'sleep\n', { what: 'exec' });
  expect(markOf(child)).toBeDefined();
  process.kill(child, 'SIGKILL');
  await waitUntil(() => markOf(child) === undefined, { what: 'the end of the child' });
  expect(() => process.kill(child, 0)).not.toThrow();
  parent.kill('SIGKILL');
});
