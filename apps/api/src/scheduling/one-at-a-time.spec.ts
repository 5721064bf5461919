import { expect, it } from '@jest/globals';
import { oneAtATime } from './one-at-a-time.js';

it('runs once more for any number of calls during a run, never two at a time', async () => {
  const gates: (() => void)[] = [];
  let active = 0;
  let most = 0;
  const run = oneAtATime(async () => {
    active += 1;
    most = Math.max(most, active);
    await new Promise<void>((resolve) => gates.push(resolve));
    active -= 1;
  });
  const first = run();
  const others = [run(), run(), run()];
  gates[0]?.();
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(gates).toHaveLength(2);
  gates[1]?.();
  await Promise.all([first, ...others]);
  expect(gates).toHaveLength(2);
  expect(most).toBe(1);
});

it('goes on after a run that failed', async () => {
  let runs = 0;
  const run = oneAtATime(() => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error('as told')) : Promise.resolve();
  });
  await expect(run()).rejects.toThrow('as told');
  await run();
  expect(runs).toBe(2);
});
