import { expect, it } from '@jest/globals';
import { MovedClock } from './moved-clock.js';

it('moves the wall clock and the monotonic one apart', () => {
  const clock = new MovedClock('2026-11-30T12:00:00.000Z');
  clock.pass(1000);
  clock.jump(-7_200_000);
  expect(clock.now().toISOString()).toBe('2026-11-30T10:00:01.000Z');
  expect(clock.monotonicMs()).toBe(1000);
  expect(() => clock.pass(-1)).toThrow('jump');
});
