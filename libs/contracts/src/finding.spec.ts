import { describe, expect, it } from '@jest/globals';
import { AppError } from './app-error.js';
import { found, lookWithin, type LookOptions } from './finding.js';

const options = (changes: Partial<LookOptions> = {}): LookOptions => ({
  ...{ name: 'store', limitMs: 20, lateCode: 'store/unreachable', lateHint: 'Is it there?' },
  signal: new AbortController().signal,
  ...changes,
});

describe('a look', () => {
  it('gives what it found', async () => {
    expect(await lookWithin(options(), () => Promise.resolve([found('store', 'good')]))).toEqual([
      { name: 'store', status: 'ok', detail: 'good', hint: null, code: null },
    ]);
  });

  it('that throws is a finding, with the next step', async () => {
    const error = new AppError({ code: 'store/no-bucket', stage: 'store', message: 'no bucket x', hint: 'Make it' });
    expect(await lookWithin(options(), () => Promise.reject(error))).toEqual([
      { name: 'store', status: 'error', detail: 'no bucket x', hint: 'Make it', code: 'store/no-bucket' },
    ]);
  });

  it('ends in time whatever it waits for, and what it waits for is told to stop', async () => {
    let inner: AbortSignal | undefined;
    const findings = await lookWithin(options(), (signal) => {
      inner = signal;
      return new Promise(() => undefined);
    });
    expect(findings).toMatchObject([{ status: 'error', code: 'store/unreachable', hint: 'Is it there?' }]);
    expect(findings[0]?.detail).toBe('No answer within 0.02 s');
    expect(inner?.aborted).toBe(true);
  });

  it('that fails because its time is over is late, whatever it calls that', async () => {
    const findings = await lookWithin(
      options(),
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('odd')))),
    );
    expect(findings).toMatchObject([{ detail: 'No answer within 0.02 s', code: 'store/unreachable' }]);
  });

  it('is ended by Ctrl-C, which is no finding', async () => {
    const abort = new AbortController();
    const looking = lookWithin(options({ limitMs: 60_000, signal: abort.signal }), () => new Promise(() => undefined));
    abort.abort();
    await expect(looking).rejects.toMatchObject({ code: 'run/cancelled' });
  });
});
