import { describe, expect, it } from '@jest/globals';
import { StopWaiting, waitUntil } from './wait-until.js';

describe('waitUntil', () => {
  it('looks again until the condition gives something, and returns that', async () => {
    let looks = 0;
    const value = await waitUntil(() => (++looks === 3 ? 'found' : undefined), { what: 'it', intervalMs: 1 });
    expect([value, looks]).toEqual(['found', 3]);
  });

  it('takes 0 and an empty string for an answer', async () => {
    expect(await waitUntil(() => 0, { what: 'zero' })).toBe(0);
    expect(await waitUntil(() => '', { what: 'nothing' })).toBe('');
  });

  it('treats an error as not yet, and tells the last one when time is up', async () => {
    const look = () => {
      throw new Error('connection refused');
    };
    const wait = waitUntil(look, { what: 'the server', timeoutMs: 5, intervalMs: 1, onTimeout: () => 'end of log' });
    await expect(wait).rejects.toThrow(
      'Waited in vain for the server: not so after 0.005 s (last error: connection refused)\nend of log',
    );
  });

  it('looks at least once, however short the time', async () => {
    expect(await waitUntil(() => true, { what: 'it', timeoutMs: 0 })).toBe(true);
  });

  it('ends at once with the error of a condition that can never be met', async () => {
    const reason = new Error('the server ended');
    const look = () => {
      throw new StopWaiting(reason);
    };
    await expect(waitUntil(look, { what: 'it', timeoutMs: 60_000 })).rejects.toBe(reason);
  });
});
