import { deletionCatalog, isFoundBad, userOf, type KeptCopy } from '#catalog';
import { scheduleIntervalMs, type RetentionConfig } from '#config';
import { readPin, runSweep } from '#pipeline';
import { planRetention, policyOf, type RetentionRecord } from '#retention';
import { targetOf, type WorkerParts } from '../core/worker-core.js';
import { inTime, isAway, primaryPlace } from './backup-place.js';
import { requireDestination } from './destination.js';
import { lockOfCopy } from './lock-of-copy.js';
import type { Destination } from './destination-types.js';

const failuresThatStopDeletion = 3;

/** Once a day: what a complete listing does not show is copied again, and what the destination's own retention lets go is removed. */
export async function checkDestination(
  parts: WorkerParts,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, clock, log } = parts;
  const { name, retention, store } = destination;
  const kept = await catalog.copies.kept(name);
  const keys = new Set<string>();
  for await (const { key } of store.list('', signal)) keys.add(key);
  await requireDestination(parts, destination, signal);
  const missing = kept.filter(
    ({ copy, backup }) => !isListed(keys, copy.target, copy.backupId, backup?.commit?.attempt),
  );
  const lost = missing.map(({ copy: { backupId } }) => backupId);
  const marked = await catalog.copies.markMissing(name, lost, clock.now());
  if (marked > 0) log.warn('copies missing', { destination: name, copies: marked });
  await sweep(parts, destination, signal);
  if (retention === null || (await isPrimaryAway(parts, name, signal))) return;
  // Read after that look: what `hazina destinations accept primary` marked before it is wanted from here.
  const standing = (await catalog.copies.kept(name)).filter(({ copy }) => !lost.includes(copy.backupId));
  await expireCopies(parts, destination, { retention, standing }, signal);
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

/** What broken-off copies and backups left there. That it fails keeps nothing else from being done. */
async function sweep(
  { catalog, clock, config, log }: WorkerParts,
  { name, store }: Destination,
  signal: AbortSignal,
): Promise<void> {
  try {
    const deps = { store, clock, catalog: deletionCatalog(catalog) };
    const { removed, freedBytes, reports } = await runSweep(deps, { graceMs: config.orphanGraceMs }, signal);
    if (reports.length > 0) log.info('destination swept', { destination: name, removed, freedBytes, reports });
  } catch (error) {
    if (signal.aborted) throw error;
    log.failure('destination not swept', error, 'cleanup', { destination: name });
  }
}

function isListed(keys: ReadonlySet<string>, target: string, backupId: string, attempt: number | undefined): boolean {
  const folder = `${target}/${backupId}/`;
  if (!keys.has(`${folder}backup.json`)) return false;
  if (attempt === undefined) return true;
  return ['data', 'manifest'].every((object) => keys.has(`${folder}${attempt}/${object}.hzn`));
}

async function expireCopies(
  parts: WorkerParts,
  { name, store }: Destination,
  { retention, standing }: { readonly retention: RetentionConfig; readonly standing: readonly KeptCopy[] },
  signal: AbortSignal,
): Promise<void> {
  const { catalog, clock, config, log } = parts;
  const records = await Promise.all(standing.map((one) => recordOf(parts, one)));
  const targets = [...new Set(records.map(({ target }) => target))].sort();
  const rules = await Promise.all(
    targets.map(async (target) => {
      const known = targetOf(config, target);
      const latest = await catalog.backups.latest(target, failuresThatStopDeletion);
      return {
        target,
        // Of a target that nobody knows any more everything is kept.
        policy: known === undefined ? null : policyOf(retention, known.schedule.timezone),
        intervalMs: known === undefined ? null : scheduleIntervalMs(known.schedule),
        lastRunsFailed: latest.length === failuresThatStopDeletion && latest.every(({ status }) => status === 'failed'),
      };
    }),
  );
  const times = { clock: clock.now(), storeTime: await store.serverTime(signal), confirm: null };
  const plan = (all: readonly RetentionRecord[]) =>
    planRetention(
      rules.map((rule) => ({ ...rule, records: all.filter(({ target }) => target === rule.target) })),
      times,
    );
  // What would go is asked for its lock, and then everything is decided anew: the share that goes must be the true one.
  const going = new Set(
    plan(records).decisions.flatMap(({ decision, backupId }) => (decision === 'keep' ? [] : [backupId])),
  );
  const closer: RetentionRecord[] = [];
  for (const record of records) {
    const lockedUntil = going.has(record.backupId) ? await lockOfCopy({ store }, record, times.clock, signal) : null;
    closer.push(lockedUntil === null ? record : { ...record, lockedUntil });
  }
  const { decisions, confirmationNeeded, wanted } = plan(closer);
  if (confirmationNeeded)
    log.warn('copies kept: over half would go', { destination: name, wanted, of: decisions.length });
  for (const { backupId, decision, reasons } of decisions) {
    if (decision !== 'remove' || (await isMarked(parts, name, backupId, store, signal))) continue;
    const found = standing.find(({ copy }) => copy.backupId === backupId);
    if (found !== undefined && (await catalog.copies.beginRemove(found.copy.copyId)))
      log.info('copy expired', { destination: name, backupId, reasons });
  }
}

async function recordOf({ catalog }: WorkerParts, { copy, backup }: KeptCopy): Promise<RetentionRecord> {
  const { backupId, target, completedAt, bytes } = copy;
  return {
    ...{ backupId, target, completedAt, bytes, lockedUntil: copy.lockedUntil },
    pinned: backup?.pinned ?? false,
    // Only destinations have what is not at home: until it is it stays, whatever the rules say.
    usedBy:
      backup === null
        ? null
        : ((await userOf(catalog, backup)) ?? (isAway(backup) ? 'it is to be brought home' : null)),
    // Retention took it from the primary store, which says nothing against the copy.
    good: backup === null || !isFoundBad(backup),
    verified: copy.verifiedAt !== null,
  };
}

/** The marks that lie there count as well; those that cannot be read may say that it is pinned. */
async function isMarked(
  { log }: WorkerParts,
  destination: string,
  backupId: string,
  store: Destination['store'],
  signal: AbortSignal,
): Promise<boolean> {
  const { pinned, damage } = await readPin(store, backupId, false, signal);
  if (damage !== null) log.failure('copy kept', damage, 'cleanup', { destination, backupId });
  return pinned;
}
