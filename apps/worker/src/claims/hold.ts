import { HeldClaim, type ClaimPort } from '#catalog';
import type { BackupRecord, CopyRecord, DrillRecord, RestoreRecord, TaskRecord } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';

interface HoldContext {
  /** Monotonic time before the claim was asked for. */
  readonly claimedAt: number;
  readonly log: WorkerLog;
  /** Aborted when the worker shuts down. */
  readonly signal: AbortSignal;
}

export function holdBackup(
  parts: WorkerParts,
  { backupId, claim: { fence } }: BackupRecord,
  context: HoldContext,
): HeldClaim {
  return hold(parts, parts.catalog.backups, { id: backupId, fence }, context);
}

/** Nobody cancels a task, so there is nothing to look for between beats. */
export function holdTask(
  parts: WorkerParts,
  { taskId, claim: { fence } }: TaskRecord,
  context: HoldContext,
): HeldClaim {
  const { tasks } = parts.catalog;
  return hold(parts, { beat: (ref) => tasks.beat(ref) }, { id: taskId, fence }, context);
}

/** `deaf`: wishes to cancel do not end what runs, for it is what a cancelled restore still has to do. */
export function holdRestore(
  parts: WorkerParts,
  { restoreId, claim: { fence } }: RestoreRecord,
  context: HoldContext,
  deaf: boolean,
): HeldClaim {
  const { restores } = parts.catalog;
  const beatOnly: ClaimPort = {
    async beat(ref) {
      const state = await restores.beat(ref);
      return state.state === 'held' ? { state: 'held', cancelRequested: false } : state;
    },
  };
  return hold(parts, deaf ? beatOnly : restores, { id: restoreId, fence }, context);
}

export function holdCopy(
  parts: WorkerParts,
  { copyId, claim: { fence } }: CopyRecord,
  context: HoldContext,
): HeldClaim {
  return hold(parts, parts.catalog.copies, { id: copyId, fence }, context);
}

export function holdDrill(
  parts: WorkerParts,
  { drillId, claim: { fence } }: DrillRecord,
  context: HoldContext,
): HeldClaim {
  return hold(parts, parts.catalog.drills, { id: drillId, fence }, context);
}

function hold(
  { clock, config, tuning }: WorkerParts,
  port: ClaimPort,
  ref: { readonly id: string; readonly fence: number },
  { claimedAt, log, signal }: HoldContext,
): HeldClaim {
  const { leaseMs, beatMs } = config.lease;
  return new HeldClaim(port, ref, {
    ...{ clock, claimedAt, times: { leaseMs, beatMs, lookMs: tuning.lookMs, tickMs: tuning.tickMs } },
    onTrouble: (error) => log.failure('heart-beat failed', error, 'claim'),
    shutdown: signal,
  });
}
