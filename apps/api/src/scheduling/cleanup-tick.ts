import { taskJob } from '#catalog';
import type { ScheduleConfig } from '#config';
import { compactTime } from '#contracts';
import type { TickDeps } from './tick.js';
import { latestSlot } from './slots.js';

/** The task of the newest slot of the daily cleanup: its id is made of the slot, so any number of replicas make one. Null: somebody else made it. */
export async function cleanupTick(deps: TickDeps, schedule: ScheduleConfig): Promise<string | null> {
  const now = deps.clock.now();
  const slot = latestSlot(schedule, now);
  if (slot === null) return null;
  const taskId = `cleanup-${compactTime(slot)}`;
  const inserted = await deps.catalog.tasks.insert({
    taskId,
    kind: 'cleanup',
    createdAt: now,
    correlationId: `tick-${deps.random.bytes(8).toString('hex')}`,
    backupId: null,
    level: null,
    cleanup: { target: null, dryRun: false, confirm: null },
  });
  if (!inserted) return null;
  // A queue that is down is no loss: the reconciler adds the job of a pending task.
  await deps.queue.add(taskJob({ taskId, kind: 'cleanup', jobNumber: 1 }));
  return taskId;
}
