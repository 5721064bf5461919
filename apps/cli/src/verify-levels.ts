import { compactTime, consistencyInBrief, randomSuffix, type Secret, type VerificationLevel } from '#contracts';
import type { KeyRing } from '#crypto';
import { createNativeLoadEngine } from '#engine';
import { runVerify, verifyRestored } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from './context.js';
import { formatBytes, formatDuration } from './output/format.js';

/** Proves one backup; throws for every one that is not good. */
export type Prover = (backupId: string) => Promise<{
  /** What was done, for people. */
  readonly told: string;
  readonly warnings: readonly string[];
}>;

export interface ProverParts {
  readonly store: ObjectStore;
  /** Needed above `stored`. */
  readonly ring: KeyRing | undefined;
  /** Needed for `restored`. */
  readonly scratch: Secret | undefined;
}

/** As a service's own (BACKUP_LEASE_SECONDS): workers that look for abandoned drills wait so long for a beat. */
const lease = { leaseMs: 120_000, beatMs: 20_000 };

export function proverOf(level: VerificationLevel, { store, ring, scratch }: ProverParts, context: CliContext): Prover {
  const observer = context.observer();
  if (level !== 'restored') {
    return async (backupId) => {
      const { backup, storedBytes, archiveBytes, warnings } = await runVerify(
        { store, ring, observer },
        { backupId, level },
        context.signal,
      );
      const read = `${formatBytes(storedBytes)} read`;
      const asOf = consistencyInBrief(backup.consistency);
      return { told: archiveBytes > 0 ? `${read}, ${formatBytes(archiveBytes)} of archive, ${asOf}` : read, warnings };
    };
  }
  if (ring === undefined || scratch === undefined)
    throw new Error('the level restored was asked for without its parts');
  const { clock, random, signal } = context;
  return async (backupId) => {
    const runId = `drill-${compactTime(clock.now())}-${randomSuffix(random, 6)}`;
    const engine = createNativeLoadEngine();
    const request = { runId, fence: 1, backupId, uri: scratch, queries: [], lease };
    const report = await verifyRestored({ store, ring, clock, random, observer, engine }, request, signal);
    const { documents, namespaces, restoreMs, warnings } = report;
    const told = `${documents} documents in ${namespaces.length} collections are equal, restored in ${formatDuration(restoreMs)}`;
    return { told, warnings };
  };
}
