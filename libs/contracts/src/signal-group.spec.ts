import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it, jest } from '@jest/globals';
import { signalGroup } from './signal-group.js';

afterEach(() => void jest.restoreAllMocks());

it('ends a whole group, and says nothing of one that is gone', async () => {
  const child = spawn('/bin/sh', ['-c', 'sleep 60 & wait'], { detached: true, stdio: 'ignore' });
  const { pid } = child;
  if (pid === undefined) throw new Error('not started');
  const exit = once(child, 'exit');
  signalGroup(pid, 'SIGKILL');
  expect((await exit)[1]).toBe('SIGKILL');
  expect(() => signalGroup(pid, 'SIGKILL')).not.toThrow();
});

it.each([
  ['EPERM', false],
  ['ESRCH', false],
  ['EINVAL', true],
])('%s', (code, isThrown) => {
  jest.spyOn(process, 'kill').mockImplementation(() => {
    throw Object.assign(new Error(code), { code });
  });
  const send = () => signalGroup(4_194_300, 'SIGTERM');
  if (isThrown) expect(send).toThrow(code);
  else expect(send).not.toThrow();
});
