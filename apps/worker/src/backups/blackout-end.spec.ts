import { describe, expect, it } from '@jest/globals';
import type { ScheduleConfig } from '#config';
import { targetConfig } from '../../../../test/support/target-config.js';
import type { WorkerParts } from '../core/worker-core.js';
import { blackoutEnd } from './blackout-end.js';

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const office = { from: '08:00', to: '18:00', days };
const noon = new Date('2026-11-25T12:00:00Z');
const six = new Date('2026-11-25T18:00:00Z');
const names = Array.from({ length: 100 }, (_, index) => `t${index}`);

/** Of each name; in the same blackouts. */
function ends(schedule: Partial<ScheduleConfig>, at = noon): readonly (Date | null)[] {
  const targets = names.map((name) => targetConfig(name, { cron: '0 2 * * *', timezone: 'UTC', ...schedule }));
  const parts = { config: { targets } } as unknown as Pick<WorkerParts, 'config'>;
  return names.map((target) => blackoutEnd(parts, { target, trigger: 'schedule', commit: null }, at));
}

describe('the end of a blackout', () => {
  it('is when what waited for it begins, and none outside of one', () => {
    expect(new Set(ends({ blackouts: [office] }).map((end) => end?.getTime()))).toEqual(new Set([six.getTime()]));
    expect(new Set(ends({ blackouts: [office], jitterSeconds: 1800 }, six))).toEqual(new Set([null]));
  });

  it('is followed by the jitter of each target, the same whenever somebody asks', () => {
    const late = (at: Date) =>
      ends({ blackouts: [office], jitterSeconds: 1800 }, at).map(
        (end) => ((end?.getTime() ?? NaN) - six.getTime()) / 1000,
      );
    const seconds = late(noon);
    expect(late(new Date('2026-11-25T17:59:59Z'))).toEqual(seconds);
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(1800);
    expect(Math.max(...seconds)).toBeGreaterThan(1200);
    expect(new Set(seconds).size).toBeGreaterThan(80);
  });

  it('is itself the start where the jitter would lead into the next one', () => {
    const blackouts = [office, { from: '18:10', to: '20:00', days }];
    const all = ends({ blackouts, jitterSeconds: 1800 }).map((end) => end?.getTime() ?? NaN);
    expect(Math.max(...all)).toBeLessThan(six.getTime() + 600_000);
    expect(all.filter((end) => end === six.getTime()).length).toBeGreaterThan(30);
    expect(new Set(all).size).toBeGreaterThan(10);
  });
});
