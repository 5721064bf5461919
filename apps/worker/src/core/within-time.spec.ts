import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { withinTime } from './within-time.js';

const noAbort = new AbortController().signal;
const late = { code: 'store/unreachable', retry: 'retry', message: 'a place gave no answer within 0.05 s' };

it('gives what is answered in time, and the error of who answers with one', async () => {
  expect(await withinTime('a place', 1_000, noAbort, () => Promise.resolve(7))).toBe(7);
  const refused = new AppError({ code: 'store/refused', stage: 'store', message: 'no', hint: 'none' });
  await expect(withinTime('a place', 1_000, noAbort, () => Promise.reject(refused))).rejects.toBe(refused);
});

it('takes for away what listens to no signal, and what its limit broke off, with the hint of who asks', async () => {
  const hanging = withinTime('a place', 50, noAbort, () => new Promise(() => undefined), 'look there');
  await expect(hanging).rejects.toMatchObject({ ...late, hint: 'look there' });
  const brokenOff = withinTime('a place', 50, noAbort, async (limit) => {
    await once(limit, 'abort');
    throw new AppError({ code: 'run/cancelled', stage: 'store', message: 'aborted', hint: 'none' });
  });
  await expect(brokenOff).rejects.toMatchObject(late);
});

it('passes on that the run itself was aborted', async () => {
  const ending = new AbortController();
  const asked = withinTime('a place', 1_000, ending.signal, async (limit) => {
    await once(limit, 'abort');
    throw limit.reason;
  });
  const reason = new AppError({ code: 'worker-shutdown', stage: 'claim', message: 'ends', hint: 'none' });
  ending.abort(reason);
  await expect(asked).rejects.toBe(reason);
});
