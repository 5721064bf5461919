import { recoveryPointOf, type Catalog, type RecoveryDay } from '#catalog';
import type { BackupRecord, DrillRecord } from '#contracts';

/** What is lost when the server is lost now: everything since the newest backup that can be restored was begun. */
export interface RecoveryPoint {
  readonly backupId: string;
  readonly at: string;
  readonly ageSeconds: number;
  /** Newest first. */
  readonly history: readonly RecoveryDay[];
}

/** What was restorable when, by target. */
export type RecoveryHistories = ReadonlyMap<string, readonly RecoveryDay[]>;

/** How long a restore takes, as the newest drill that found all equal measured it. */
export interface RecoveryTime {
  readonly drillId: string;
  readonly backupId: string;
  readonly at: string;
  readonly restoreMs: number;
  /** Newest first. */
  readonly history: readonly MeasuredDrill[];
}

export interface MeasuredDrill {
  readonly drillId: string;
  readonly backupId: string;
  readonly at: string;
  readonly outcome: 'equal' | 'different';
  readonly restoreMs: number;
  readonly documents: number;
  readonly bytes: number;
}

export interface Recovery {
  readonly recoveryPoint: Omit<RecoveryPoint, 'history'> | null;
  readonly recoveryTime: RecoveryTime | null;
}

export const noRecovery: Recovery = { recoveryPoint: null, recoveryTime: null };

/** Drills that the history tells of. */
const told = 30;

export async function recoveryOf(
  catalog: Catalog,
  targets: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, Recovery>> {
  const found = await Promise.all(
    targets.map(async (target) => {
      const [newest, drills] = await Promise.all([
        recoveryPointOf(catalog, target),
        catalog.drills.history(target, told),
      ]);
      const recoveryTime = await timeOf(drills, () => catalog.drills.lastGood(target));
      const recovery = { recoveryPoint: newest && pointOf(newest, now), recoveryTime };
      return [target, recovery] as const;
    }),
  );
  return new Map(found);
}

export async function recoveryHistoriesOf(
  catalog: Catalog,
  targets: readonly string[],
  now: Date,
): Promise<RecoveryHistories> {
  const found = targets.map(async (name) => [name, await catalog.backups.recoveryHistory(name, now)] as const);
  return new Map(await Promise.all(found));
}

function pointOf({ backupId, startedAt, createdAt }: BackupRecord, now: Date): Omit<RecoveryPoint, 'history'> {
  const at = startedAt ?? createdAt;
  return {
    backupId,
    at: at.toISOString(),
    ageSeconds: Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000)),
  };
}

/** `lastGood` is asked where none of these found all equal: what was measured once is known however many were bad since. */
async function timeOf(
  drills: readonly DrillRecord[],
  lastGood: () => Promise<DrillRecord | null>,
): Promise<RecoveryTime | null> {
  const history = drills.flatMap(measured);
  const newest = history.find(({ outcome }) => outcome === 'equal');
  const [good = newest] = newest === undefined && drills.length > 0 ? [await lastGood()].flatMap(measured) : [];
  if (good === undefined) return null;
  const { drillId, backupId, at, restoreMs } = good;
  return { drillId, backupId, at, restoreMs, history };
}

function measured(drill: DrillRecord | null): MeasuredDrill[] {
  if (!drill?.report || drill.completedAt === null) return [];
  const { drillId, backupId, completedAt, report } = drill;
  const { outcome, restoreMs, documents, bytes } = report;
  return [{ drillId, backupId, at: completedAt.toISOString(), outcome, restoreMs, documents, bytes }];
}
