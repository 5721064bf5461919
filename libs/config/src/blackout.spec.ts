import { expect, it } from '@jest/globals';
import { endOfBlackout, isBlackedOut, weekdays, type Blackout } from './blackout.js';

const office: Blackout = { from: '08:00', to: '18:00', days: ['mon', 'tue', 'wed', 'thu', 'fri'] };
const night: Blackout = { from: '22:00', to: '06:00', days: ['sat'] };
const always: Blackout = { from: '00:00', to: '00:00', days: weekdays };

// 2026-11-23 is a Monday; Zurich is an hour ahead of UTC then.
it.each([
  ['its first minute', office, '2026-11-23T07:00:00Z', true],
  ['just before', office, '2026-11-23T06:59:59Z', false],
  ['its last second', office, '2026-11-23T16:59:59Z', true],
  ['its end', office, '2026-11-23T17:00:00Z', false],
  ['another day', office, '2026-11-28T09:00:00Z', false],
  ['over midnight, before it', night, '2026-11-28T21:30:00Z', true],
  ['over midnight, after it', night, '2026-11-29T04:59:00Z', true],
  ['over midnight, at its end', night, '2026-11-29T05:00:00Z', false],
  ['over midnight, the night after', night, '2026-11-29T22:00:00Z', false],
  ['in summer, two hours ahead', office, '2026-07-06T06:00:00Z', true],
  ['all day', always, '2026-11-25T00:00:00Z', true],
])('%s', (_what, blackout, at, expected) => {
  expect(isBlackedOut([blackout], 'Europe/Zurich', new Date(at))).toBe(expected);
});

it.each([
  ['not in one', [office], '2026-11-23T05:00:30Z', '2026-11-23T05:01:00.000Z'],
  ['in one', [office], '2026-11-23T09:12:13Z', '2026-11-23T17:00:00.000Z'],
  [
    'in two that touch',
    [office, { ...office, from: '18:00', to: '20:30' }],
    '2026-11-23T09:00:00Z',
    '2026-11-23T19:30:00.000Z',
  ],
  ['in one without end', [always], '2026-11-23T09:00:00Z', null],
])('the end, %s', (_what, blackouts, at, expected) => {
  expect(endOfBlackout(blackouts, 'Europe/Zurich', new Date(at))?.toISOString() ?? null).toBe(expected);
});
