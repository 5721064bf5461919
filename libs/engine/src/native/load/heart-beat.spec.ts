import { describe, expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { waitUntil } from '../../../../../test/services/wait-until.js';
import { HeartBeat } from './heart-beat.js';

const soon = { timeoutMs: 10_000, intervalMs: 1 };

/** A plan on a server that answers when it is told to. */
function slowPlan() {
  const beats: PromiseWithResolvers<undefined>[] = [];
  const plan = {
    beforeRemoval: () => Promise.resolve(),
    assertOwned: async () => {
      const beat = Promise.withResolvers<undefined>();
      beats.push(beat);
      await beat.promise;
    },
  };
  return { plan, beats };
}

describe('the heart-beat of a plan', () => {
  it('sends no beat while another is on its way, and stops only when that was answered', async () => {
    const { plan, beats } = slowPlan();
    const heart = new HeartBeat(plan, 1, () => undefined);
    heart.start();
    await waitUntil(() => Promise.resolve(beats.length > 0), { what: 'a beat', ...soon });
    // Many are due meanwhile.
    const from = performance.now();
    await waitUntil(() => Promise.resolve(performance.now() - from > 20), { what: 'a while', ...soon });
    expect(beats).toHaveLength(1);
    let stopped = false;
    const stopping = plan.beforeRemoval().then(() => (stopped = true));
    await new Promise(setImmediate);
    expect(stopped).toBe(false);
    beats[0]?.resolve(undefined);
    await stopping;
    expect(beats).toHaveLength(1);
  });

  it('goes on after a beat that did not get through, and ends with the plan', async () => {
    const { plan, beats } = slowPlan();
    const lost: AppError[] = [];
    const heart = new HeartBeat(plan, 1, (error) => void lost.push(error));
    heart.start();
    await waitUntil(() => Promise.resolve(beats.length === 1), { what: 'a beat', ...soon });
    beats[0]?.reject(new Error('connection lost'));
    await waitUntil(() => Promise.resolve(beats.length === 2), { what: 'the next beat', ...soon });
    expect(lost).toEqual([]);
    beats[1]?.reject(new AppError({ code: 'restore/busy', stage: 'load', message: 'taken over' }));
    await waitUntil(() => Promise.resolve(lost.length === 1), { what: 'the loss', ...soon });
    await heart.stop();
    expect(beats).toHaveLength(2);
  });
});
