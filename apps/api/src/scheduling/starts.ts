import { isBlackedOut, type TargetConfig } from '#config';
import { jitterOf } from '#contracts';
import { latestSlot, nextSlots } from './slots.js';

// When the backup of a slot begins. The slot gives it its id; with jitter it begins later, by a share of its own that every process computes alike.

type Scheduled = Pick<TargetConfig, 'name' | 'schedule'>;

/** At least the slot, at most its jitter later: never as late as the next slot, and never in a blackout. */
export function startOf({ name, schedule }: Scheduled, slot: Date): Date {
  const { jitterSeconds = 0, blackouts = [], timezone } = schedule;
  if (jitterSeconds === 0) return slot;
  const [next] = nextSlots(schedule, slot, 1);
  const room = next === undefined ? jitterSeconds : (next.getTime() - slot.getTime()) / 1000 - 1;
  const most = Math.min(jitterSeconds, Math.max(0, Math.floor(room)));
  const start = new Date(slot.getTime() + jitterOf(name, slot, most) * 1000);
  return isBlackedOut(blackouts, timezone, start) ? slot : start;
}

/** The first `count` starts after `from` (exclusive), that of a slot that is due already among them. */
export function nextStarts(target: Scheduled, from: Date, count: number): Date[] {
  const { schedule } = target;
  const due = (schedule.jitterSeconds ?? 0) === 0 ? null : latestSlot(schedule, from);
  const slots = [...(due === null ? [] : [due]), ...nextSlots(schedule, from, count)];
  return slots
    .map((slot) => startOf(target, slot))
    .filter((start) => start > from)
    .slice(0, count);
}
