import { settleAlerts } from './alert-states.js';
import { enqueueDueBackups } from './due-backups.js';
import { backupJob } from './follow-up-jobs.js';
import type { Look } from './report.js';
import type { UpkeepOptions } from './upkeep-options.js';
import { verifyNew } from './verifications.js';

/** What an ended backup leaves to do: the target's waiting slot, its own verification, alerts. */
export async function afterRun(options: UpkeepOptions, look: Look, target: string): Promise<void> {
  await look.step(() => promote(options, look, target));
  // Its place in the fleet is free as well.
  if ((options.fleetConcurrency ?? null) !== null) await look.step(() => enqueueDueBackups(options, look));
  await look.step(() => verifyNew(options, look));
  await look.step(() => settleAlerts(options, look));
}

/** Gives the target's place, if it is free, to the slot that waits for it. */
export async function promote({ catalog }: UpkeepOptions, look: Look, target: string): Promise<void> {
  const promoted = await catalog.backups.promoteWaiting(target);
  if (promoted === null) return;
  look.promoted.push(promoted.backupId);
  await look.enqueue(backupJob(promoted));
}
