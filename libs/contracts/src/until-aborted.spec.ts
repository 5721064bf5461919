import { expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { untilAborted } from './until-aborted.js';

const never = new Promise<never>(() => undefined);

it('gives what the work gives, and listens no longer', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(7), signal)).toBe(7);
  await expect(untilAborted(Promise.reject(new Error('its own')), signal)).rejects.toThrow('its own');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('ends at the abort, whatever the work does', async () => {
  const abort = new AbortController();
  const waiting = untilAborted(never, abort.signal);
  abort.abort();
  await expect(waiting).rejects.toThrow('aborted');
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});

it('ends at once when it was aborted before', async () => {
  await expect(untilAborted(never, AbortSignal.abort())).rejects.toThrow('aborted');
});
