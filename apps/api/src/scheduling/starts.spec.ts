import { describe, expect, it } from '@jest/globals';
import type { ScheduleConfig } from '#config';
import { nextSlots } from './slots.js';
import { nextStarts, startOf } from './starts.js';

const at = (text: string): Date => new Date(text);
const scheduled = (more: Partial<ScheduleConfig>, name = 'clinic') => ({
  name,
  schedule: { cron: '0 * * * *', timezone: 'UTC', jitterSeconds: 1800, ...more },
});
const from = at('2026-11-25T00:00:00Z');
const slots = nextSlots(scheduled({}).schedule, from, 500);
const delays = (target: ReturnType<typeof scheduled>) =>
  nextSlots(target.schedule, from, 500).map((slot) => (startOf(target, slot).getTime() - slot.getTime()) / 1000);

describe('the start of a slot', () => {
  it('is the slot without jitter', () => {
    expect(slots.every((slot) => startOf(scheduled({ jitterSeconds: 0 }), slot).getTime() === slot.getTime())).toBe(
      true,
    );
  });

  it('is late by up to the jitter, spread over it, and the same whenever somebody asks', () => {
    const seconds = delays(scheduled({}));
    expect(delays(scheduled({}))).toEqual(seconds);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(1800);
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(0);
    const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
    expect(mean).toBeGreaterThan(800);
    expect(mean).toBeLessThan(1000);
    expect(new Set(seconds).size).toBeGreaterThan(300);
  });

  it('is another for another target', () => {
    expect(delays(scheduled({}, 'shop'))).not.toEqual(delays(scheduled({})));
  });

  it('comes before the next slot, however large the jitter: the order of slots is that of their starts', () => {
    const target = scheduled({ cron: '*/5 * * * *', jitterSeconds: 86_400 });
    const starts = nextSlots(target.schedule, from, 500).map((slot) => startOf(target, slot).getTime());
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(new Set(starts).size).toBe(starts.length);
  });

  it('lies in no blackout', () => {
    const blackouts = [
      { from: '08:00', to: '18:00', days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const },
    ];
    const target = scheduled({ cron: '55 7 * * *', jitterSeconds: 7200, blackouts });
    const late = delays(target);
    expect(Math.max(...late)).toBeLessThan(300);
    expect(late.some((each) => each > 0)).toBe(true);
  });
});

describe('the next starts', () => {
  it('are in order, and hold that of a slot that is past', () => {
    const target = scheduled({});
    const slot = slots.find((each) => startOf(target, each).getTime() - each.getTime() > 60_000) ?? from;
    const start = startOf(target, slot);
    const asked = new Date(start.getTime() - 1000);
    const next = nextStarts(target, asked, 10);
    expect(next).toHaveLength(10);
    expect(next[0]).toEqual(start);
    expect(nextStarts(target, start, 1)[0]?.getTime()).toBeGreaterThan(start.getTime());
  });

  it('are the slots without jitter', () => {
    expect(nextStarts(scheduled({ jitterSeconds: 0 }), from, 3)).toEqual(slots.slice(0, 3));
  });
});
