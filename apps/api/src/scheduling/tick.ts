import { backupJob, type Catalog, type InsertOutcome } from '#catalog';
import { isBlackedOut, type TargetConfig } from '#config';
import {
  AppError,
  newBackupId,
  slotBackupId,
  type BackupRecord,
  type Clock,
  type JobSink,
  type Random,
  type Trigger,
} from '#contracts';
import { latestSlot, slotsBetween } from './slots.js';
import { startOf } from './starts.js';
import { newestBegun, takeSchedule } from './take-schedule.js';

/** A slot this long after its start is a missed one: of those only the newest is caught up, so that a sleeping fleet does not wake to a burst. */
const lateMs = 60_000;
/** A backup so much before its slot is none of it: the slot gets another. Clocks of replicas differ by less. */
const aheadMs = 600_000;
/** Slots of a dense schedule that one look may make: those of a timer that came late. */
const mostAtOnce = 60;

export interface TickDeps {
  readonly catalog: Catalog;
  readonly queue: JobSink;
  readonly clock: Clock;
  readonly random: Random;
}

export interface TickOutcome {
  readonly slot: Date;
  readonly trigger: Trigger;
  readonly inserted: InsertOutcome['outcome'];
  readonly record: BackupRecord;
  /** Waiting or unbegun ones that this slot replaced: they failed, and people are told. */
  readonly superseded: readonly BackupRecord[];
  /** Milliseconds from when it was to begin to its record. */
  readonly driftMs: number;
  /** The queue did not take the job: the reconciler will add it. */
  readonly queueError: AppError | null;
}

/**
 * Makes the records of every slot of a target that is due and has none. Called by each tick of each replica, at start-up and by the reconciler alike:
 * the unique index on (target, slot) decides who makes it, so any number of callers give one backup a slot. Missed slots are caught up once.
 */
export async function tick(deps: TickDeps, target: TargetConfig): Promise<readonly TickOutcome[]> {
  const { catalog, clock, queue } = deps;
  const now = clock.now();
  const state = await catalog.schedules.find(target.name);
  if (target.schedule.cron === null || (state?.pausedAt ?? null) !== null) return [];
  if (!state?.lastSlot) {
    // First sight of this schedule: what was due before anybody asked for it was not missed.
    await catalog.schedules.advance(target.name, newestBegun(target, now) ?? new Date(0));
    await takeSchedule(deps, target);
    return [];
  }
  if (state.lastSlot.getTime() > now.getTime() + lateMs) {
    // Of two clocks the catalogue's server tells which one is wrong: one that is behind must not undo what others rightly made.
    const latest = Math.max(now.getTime(), (await catalog.serverTime()).getTime());
    if (state.lastSlot.getTime() <= latest + lateMs) return [];
    // Some clock was ahead when it was made. Without this nothing would be due until that date.
    await catalog.backups.leaveSlots(target.name, new Date(latest + aheadMs), now);
    const newest = latestSlot(target.schedule, new Date(latest)) ?? new Date(0);
    await catalog.schedules.putBack(target.name, state.lastSlot, newest);
    return [];
  }
  // What was missed before it is made up for when it has ended.
  if (isBlackedOut(target.schedule.blackouts ?? [], target.schedule.timezone, now)) return [];
  const due = slotsBetween(target.schedule, state.lastSlot, now, mostAtOnce).filter(
    (slot) => startOf(target, slot) <= now,
  );
  const late = due.filter((slot) => now.getTime() - startOf(target, slot).getTime() > lateMs);
  // Of the missed ones the newest, and only where no fresher slot is due anyway.
  const fresh = due.filter((slot) => !late.includes(slot));
  const slots = fresh.length > 0 ? fresh : late.slice(-1);
  const made: MadeSlot[] = [];
  for (const slot of slots)
    made.push(...(await make(deps, target, slot, fresh.length > 0 ? 'schedule' : 'catch-up', now)));
  // Jobs come when all slots have their records: an idle worker would begin the oldest before the newest could supersede it, and make two backups where one is due.
  const superseded = new Set(made.flatMap((each) => each.superseded.map(({ backupId }) => backupId)));
  return Promise.all(
    made.map(async (each) => {
      const isDue = each.inserted === 'inserted' && !superseded.has(each.record.backupId);
      return { ...each, queueError: isDue ? await enqueue(queue, each.record) : null };
    }),
  );
}

type MadeSlot = Omit<TickOutcome, 'queueError'>;

async function make(
  { catalog, random }: TickDeps,
  target: TargetConfig,
  slot: Date,
  wanted: Trigger,
  now: Date,
): Promise<MadeSlot[]> {
  const insert = (backupId: string, trigger: Trigger): Promise<InsertOutcome> =>
    catalog.backups.insert({
      ...{ backupId, target: target.name, trigger, slot, createdAt: now, jobNumber: 1 },
      ...{ correlationId: `tick-${random.bytes(8).toString('hex')}`, label: null, pinned: false },
    });
  let made = await insert(slotBackupId(target.name, slot), wanted);
  // The one of its id was made long before, and had to leave the slot.
  const isLeft = made.outcome === 'exists' && made.record.slot === null;
  if (isLeft) made = await insert(newBackupId(target.name, slot, random), 'catch-up');
  await catalog.schedules.advance(target.name, slot);
  // Another replica made it, and tells of it.
  if (made.outcome === 'busy' || made.outcome === 'exists') return [];
  const trigger = isLeft ? 'catch-up' : wanted;
  return [
    {
      ...{ slot, trigger, inserted: made.outcome, record: made.record },
      superseded: made.superseded,
      driftMs: now.getTime() - startOf(target, slot).getTime(),
    },
  ];
}

/** The record stands whatever the queue says; it is found again by its state. */
async function enqueue(queue: JobSink, record: BackupRecord): Promise<AppError | null> {
  try {
    await queue.add(backupJob(record));
    return null;
  } catch (error) {
    return AppError.from(error, 'queue');
  }
}
