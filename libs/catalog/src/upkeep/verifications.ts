import type { BackupRecord, VerificationLevel } from '#contracts';
import { taskJob } from './follow-up-jobs.js';
import type { Look } from './report.js';
import type { UpkeepOptions } from './upkeep-options.js';

const dayMs = 86_400_000;
/** New ones in one look: a catalogue that was just filled does not flood the queue. */
const mostNew = 100;
const nobodyAsked = new Date(0);
/** A worker that was silent for so many beats is gone. */
const beatsUntilGone = 3;

/** What the workers that are alive can prove: `readable` takes a key, and where all of them only write, `stored` is what can be known. */
async function provable({ catalog }: UpkeepOptions, level: VerificationLevel): Promise<VerificationLevel> {
  if (level === 'stored') return level;
  const alive = (await catalog.workers.all()).filter(
    ({ sinceBeatMs, beatSeconds }) => sinceBeatMs <= beatsUntilGone * beatSeconds * 1000,
  );
  return alive.length > 0 && alive.every(({ reads }) => reads === false) ? 'stored' : level;
}

/** Makes the verification of every completed backup that has none, at the configured level. */
export async function verifyNew(options: UpkeepOptions, look: Look): Promise<void> {
  const { level } = options.verify;
  if (level === null) return;
  const provenLevel = await provable(options, level);
  await look.each(await options.catalog.backups.needVerification(nobodyAsked, mostNew), (record) =>
    verify(options, look, record, provenLevel),
  );
}

/**
 * Verifies again what was not verified for `reverifyDays`, the oldest first, as many in a look as it takes to get round once in that time, and none
 * while verifications wait or run: after a long stop the backlog is worked off one by one. Also where new backups are not verified: then at `readable`.
 */
export async function verifyAgain(options: UpkeepOptions, look: Look): Promise<void> {
  const { verify: wish, lease, catalog, clock } = options;
  if (wish.reverifyDays === null) return;
  const now = clock.now();
  const periodMs = wish.reverifyDays * dayMs;
  const provenBefore = new Date(now.getTime() - periodMs);
  const [oldest] = await catalog.backups.needVerification(provenBefore, 1);
  if (oldest === undefined || (await isVerifying(options, now))) return;
  const kept = await keptBackups(options);
  const share = Math.ceil(kept / (periodMs / lease.reaperMs));
  const level = await provable(options, wish.level ?? 'readable');
  await look.each(await catalog.backups.needVerification(provenBefore, Math.max(1, share)), (record) =>
    verify(options, look, record, level),
  );
}

async function isVerifying({ catalog }: UpkeepOptions, now: Date): Promise<boolean> {
  const [running, pending] = await Promise.all([catalog.tasks.inProgress(), catalog.tasks.pendingDue(now)]);
  return [...running, ...pending].some(({ kind }) => kind === 'verify');
}

async function keptBackups({ catalog }: UpkeepOptions): Promise<number> {
  const query = { page: 1, limit: 1, status: 'completed', sortBy: 'createdAt', sortOrder: 'asc' } as const;
  return (await catalog.backups.list(query)).total;
}

async function verify(
  { catalog, clock }: UpkeepOptions,
  look: Look,
  backup: BackupRecord,
  level: VerificationLevel,
): Promise<void> {
  const { backupId, correlationId } = backup;
  const taskId = `${backupId}-v${await catalog.tasks.nextVerificationNumber(backupId)}`;
  const inserted = await catalog.tasks.insert({
    ...{ taskId, kind: 'verify', createdAt: clock.now(), correlationId, backupId, level, cleanup: null },
  });
  // Somebody else was faster, or the backup is no longer there to be verified.
  if (!inserted) return;
  look.verifications.push(taskId);
  const task = await catalog.tasks.find(taskId);
  if (task !== null) await look.enqueue(taskJob(task));
}
