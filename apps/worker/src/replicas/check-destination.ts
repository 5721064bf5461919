import { copiesCatalog, deletionCatalog } from '#catalog';
import { scheduleIntervalMs, type RetentionConfig } from '#config';
import { expireCopies, findLostCopies, outlivedOf, runSweep, type CopiesCatalog } from '#pipeline';
import { policyOf, protectionsOf } from '#retention';
import { refusalOf, settleCleanupAlert, type CleanupTrouble } from '../cleanup/cleanup-alert.js';
import { noteRetention } from '../cleanup/note-retention.js';
import { targetOf, type WorkerParts } from '../core/worker-core.js';
import { inTime, primaryPlace } from './backup-place.js';
import { requireDestination } from './destination.js';
import type { Destination } from './destination-types.js';

/** Once a day: what a complete listing does not show is copied again, and what the destination's own retention lets go is removed. */
export async function checkDestination(
  parts: WorkerParts,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, clock, log } = parts;
  const { name, retention, store } = destination;
  const copies = copiesCatalog(catalog, name);
  const recorded = await copies.recorded();
  const lost = await findLostCopies(store, recorded, signal);
  await requireDestination(parts, destination, signal);
  const marked = await catalog.copies.markMissing(name, [...lost], clock.now());
  if (marked > 0) log.warn('copies missing', { destination: name, copies: marked });
  await sweep(parts, destination, new Set(recorded.map(({ backupId }) => backupId)), signal);
  if (retention === null) {
    const now = clock.now();
    const standing = outlivedOf(await copies.standing(), lost);
    const outlived = standing.filter((copy) => protectionsOf(copy, now).length === 0).length;
    await settleCleanupAlert(parts, name, outlived === 0 ? null : leftAlone(name, outlived));
    return;
  }
  if (await isPrimaryAway(parts, name, signal)) return;
  // Records are read after that look: what `hazina destinations accept primary` marked before it is wanted from here.
  await expire(parts, destination, { retention, copies, lost }, signal);
}

/** Then the copies may be all that there is, though no record says so yet: nobody looks in vain for what lay in a store that does not answer. */
async function isPrimaryAway(parts: WorkerParts, destination: string, signal: AbortSignal): Promise<boolean> {
  try {
    await inTime(primaryPlace(parts), parts.tuning.probeTimeoutMs, signal);
    return false;
  } catch (error) {
    if (signal.aborted) throw error;
    parts.log.failure('nothing expires while the primary store is away', error, 'store', { destination });
    return true;
  }
}

/** What a retention kept there that is not configured any more: no rule says whether it goes, so people do. */
function leftAlone(name: string, outlived: number): CleanupTrouble {
  return {
    message: `${outlived} copies stand there that its own retention had kept, and it has none any more: nothing removes them`,
    hint: `Give ${name} a retention again; or hazina destinations cleanup ${name} --dry-run lists them, with the number to confirm`,
  };
}

/** What broken-off copies and backups left there. That it fails keeps nothing else from being done. */
async function sweep(
  { catalog, clock, config, log }: WorkerParts,
  { name, store }: Destination,
  ours: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const records = deletionCatalog(catalog);
    // A copy outlives the record of its backup: what is beside its committed attempt is left of it, and nobody else's.
    const view = async (backupId: string) => (await records.view(backupId)) ?? (ours.has(backupId) ? purged : null);
    const deps = { store, clock, catalog: { ...records, view } };
    const { removed, freedBytes, reports } = await runSweep(deps, { graceMs: config.orphanGraceMs }, signal);
    if (reports.length > 0) log.info('destination swept', { destination: name, removed, freedBytes, reports });
  } catch (error) {
    if (signal.aborted) throw error;
    log.failure('destination not swept', error, 'cleanup', { destination: name });
  }
}

/** As a record says it that is kept no longer. */
const purged = {
  ...({ status: 'deleted', commitConflict: false, committed: null } as const),
  ...{ pinned: false, foundBad: false, usedBy: null, otherGood: [] },
};

interface Expiry {
  readonly retention: RetentionConfig;
  readonly copies: CopiesCatalog;
  readonly lost: ReadonlySet<string>;
}

async function expire(
  parts: WorkerParts,
  { name, store }: Destination,
  { retention, copies, lost }: Expiry,
  signal: AbortSignal,
): Promise<void> {
  const expired: string[] = [];
  const { clock, config, log } = parts;
  const policy = (target: string) => {
    const known = targetOf(config, target);
    if (known === undefined) return null;
    return { policy: policyOf(retention, known.schedule.timezone), intervalMs: scheduleIntervalMs(known.schedule) };
  };
  const plan = await expireCopies(
    {
      ...{ store, clock, copies },
      onExpired: ({ backupId, reasons }) => {
        expired.push(backupId);
        log.info('copy expired', { destination: name, backupId, reasons });
      },
      onDamaged: (backupId, error) => log.failure('copy kept', error, 'cleanup', { destination: name, backupId }),
    },
    { dryRun: false, confirm: null, policyOf: policy, lost },
    signal,
  ).finally(() =>
    // Also what went before it failed.
    noteRetention(parts, { resource: `destinations/${name}`, correlationId: null, backupIds: expired }),
  );
  const trouble = refusalOf(plan, `hazina destinations cleanup ${name}`);
  if (trouble !== null) log.warn('copies kept: over half would go', { destination: name, ...trouble });
  await settleCleanupAlert(parts, name, trouble);
}
