import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { AppError } from '#contracts';
import type { ClaimRef, ClaimState } from '../contract/claims.js';
import { HeldClaim, type ClaimPort } from './held-claim.js';
import { shuttingDown } from './run-errors.js';

const held: ClaimState = { state: 'held', cancelRequested: false };
const times = { leaseMs: 120_000, beatMs: 20_000, lookMs: 2_000, tickMs: 1_000_000 };

/** A claim on a clock that only the test moves, and a catalogue that answers as told. */
function world(shutdown?: AbortSignal) {
  let now = 1_000;
  const calls: string[] = [];
  const answers = { beat: () => Promise.resolve(held), look: () => Promise.resolve(held) };
  const troubles: unknown[] = [];
  const port: ClaimPort = {
    beat: (ref) => {
      calls.push(`beat ${ref.fence}`);
      return answers.beat();
    },
    look: (ref) => {
      calls.push(`look ${ref.fence}`);
      return answers.look();
    },
  };
  const claim = new HeldClaim(
    port,
    { id: 'clinic-1', fence: 3 },
    {
      clock: { now: () => new Date(now), monotonicMs: () => now },
      times,
      claimedAt: now,
      onTrouble: (error) => troubles.push(error),
      ...(shutdown === undefined ? {} : { shutdown }),
    },
  );
  claims.push(claim);
  return {
    ...{ claim, calls, answers, troubles },
    pass: async (ms: number) => {
      now += ms;
      claim.tick();
      await new Promise((resolve) => setImmediate(resolve));
    },
    reason: () => (claim.signal.reason as AppError | undefined)?.code,
  };
}

const claims: HeldClaim[] = [];
afterEach(async () => {
  await Promise.all(claims.splice(0).map((claim) => claim.stop()));
});

describe('a held claim', () => {
  it('beats every beat time and looks in between', async () => {
    const { calls, pass, claim } = world();
    await pass(1_999);
    expect(calls).toEqual([]);
    await pass(1);
    for (let at = 4_000; at <= 20_000; at += 2_000) await pass(2_000);
    expect(calls.filter((call) => call.startsWith('beat'))).toEqual(['beat 3']);
    expect(calls.filter((call) => call.startsWith('look'))).toHaveLength(9);
    expect(claim.signal.aborted).toBe(false);
  });

  it('ends its run when somebody wishes to cancel it, at the next look', async () => {
    const { pass, answers, reason } = world();
    answers.look = () => Promise.resolve({ state: 'held', cancelRequested: true });
    await pass(2_000);
    expect(reason()).toBe('run/cancelled');
  });

  it.each(['beat', 'look'] as const)('ends its run when a %s tells that another holds the record', async (what) => {
    const { pass, answers, reason } = world();
    answers[what] = () => Promise.resolve({ state: 'lost' });
    await pass(what === 'beat' ? 20_000 : 2_000);
    expect(reason()).toBe('run/fenced');
  });

  it('repeats a beat that failed sooner than the next would be due, and goes on', async () => {
    const { pass, calls, answers, troubles, claim } = world();
    answers.look = () => Promise.reject(new Error('down'));
    answers.beat = () => Promise.reject(new Error('down'));
    await pass(20_000);
    await pass(5_000);
    expect(calls.filter((call) => call.startsWith('beat'))).toHaveLength(2);
    expect(troubles).toHaveLength(2);
    expect(claim.signal.aborted).toBe(false);
  });

  it('ends its run when no beat arrived for the lease time, counted from the sending of the last that did', async () => {
    const { pass, answers, reason } = world();
    await pass(20_000);
    answers.beat = () => Promise.reject(new Error('down'));
    answers.look = () => Promise.reject(new Error('down'));
    await pass(119_999);
    expect(reason()).toBeUndefined();
    await pass(1);
    expect(reason()).toBe('run/fenced');
  });

  it('does not wait for a beat that hangs to find that its lease is over', async () => {
    const { pass, answers, reason } = world();
    let answer: (state: ClaimState) => void = () => undefined;
    answers.beat = () => new Promise((resolve) => (answer = resolve));
    await pass(20_000);
    await pass(100_000);
    expect(reason()).toBe('run/fenced');
    answer(held);
  });

  it('notices after a long sleep that another may own the record, before it asks', async () => {
    const { pass, reason } = world();
    await pass(500_000);
    expect(reason()).toBe('run/fenced');
  });

  it('asks nothing while its fence is raised, and beats with the new one', async () => {
    const { claim, pass, calls } = world();
    let finish: (ref: ClaimRef | null) => void = () => undefined;
    const raising = claim.raise(() => new Promise((resolve) => (finish = resolve)));
    await pass(20_000);
    expect(calls).toEqual([]);
    finish({ id: 'clinic-1', fence: 8 });
    expect(await raising).toEqual({ id: 'clinic-1', fence: 8 });
    await pass(0);
    expect(calls).toEqual(['beat 8']);
  });

  it('takes it for no loss that the record has ended while the run itself ends it', async () => {
    const { claim, pass, answers } = world();
    claim.ending();
    answers.beat = () => Promise.resolve({ state: 'lost' });
    await pass(20_000);
    claim.abort(shuttingDown('clinic-1'));
    expect(claim.signal.aborted).toBe(false);
  });

  it('beats no more after it was stopped', async () => {
    const { claim, pass, calls } = world();
    await claim.stop();
    await pass(60_000);
    expect(calls).toEqual([]);
  });

  it('ends with the process, and leaves nothing on its signal when it has stopped', async () => {
    const process = new AbortController();
    const { claim, reason } = world(process.signal);
    const other = world(process.signal);
    await other.claim.stop();
    expect(getEventListeners(process.signal, 'abort')).toHaveLength(1);
    process.abort();
    expect([reason(), other.reason()]).toEqual(['worker-shutdown', undefined]);
    await claim.stop();
    expect(getEventListeners(process.signal, 'abort')).toHaveLength(0);
    expect(world(process.signal).reason()).toBe('worker-shutdown');
  });
});
