import { backupJob } from './follow-up-jobs.js';
import type { Look } from './report.js';
import type { UpkeepOptions } from './upkeep-options.js';
import { jobOfBackup } from './waiting-job.js';

/** Adds the jobs of pending backups that are due and have none; where the fleet has a limit, of so many as there are places, those that wait longest first. */
export async function enqueueDueBackups(options: UpkeepOptions, look: Look): Promise<void> {
  const { catalog, clock, fleetConcurrency = null } = options;
  const due = await catalog.backups.pendingDue(clock.now());
  // A `cli` record is dumped by its maker alone; once committed, any worker may finish it.
  const committed = due.filter(({ commit }) => commit !== null);
  const waiting = due.filter(({ trigger, commit }) => trigger !== 'cli' && commit === null);
  const free = fleetConcurrency === null ? waiting.length : await catalog.backups.freePlaces(fleetConcurrency);
  await look.each([...committed, ...waiting.slice(0, free)], (record) =>
    look.ensure(jobOfBackup(catalog, record, backupJob)),
  );
}
