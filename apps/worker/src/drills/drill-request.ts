import type { RestoreTargetSource, WorkerConfig } from '#config';
import { AppError } from '#contracts';
import { createNativeLoadEngine } from '#engine';
import type { DrillDeps, DrillRequest, RunObserver } from '#pipeline';
import { restoreTargetOf, targetOf, type WorkerParts } from '../core/worker-core.js';

export interface DrillSubject {
  readonly runId: string;
  /** Of the claim. */
  readonly fence: number;
  readonly backupId: string;
  /** Whose backup: its queries are asked. */
  readonly target: string;
  /** The restore target; null: the one of the target's own settings, else the first scratch target. */
  readonly targetName: string | null;
}

/** What a drill is asked for. The flag of the scratch target is looked at again: what the API let through was decided by its configuration, not by ours. */
export function drillRequestOf(
  { config }: Pick<WorkerParts, 'config'>,
  { runId, fence, backupId, target, targetName }: DrillSubject,
): DrillRequest {
  const { targetName: own = null, queries = [] } = targetOf(config, target)?.drill ?? {};
  const { uri } = scratchTargetOf(config, targetName ?? own);
  const { leaseMs, beatMs } = config.lease;
  return { runId, fence, backupId, uri, queries, lease: { leaseMs, beatMs } };
}

export function drillDeps(
  { store, ring, clock, random, config }: Pick<WorkerParts, 'store' | 'ring' | 'clock' | 'random' | 'config'>,
  observer: RunObserver,
): DrillDeps {
  const { leaseMs, beatMs } = config.lease;
  return { store, ring, clock, random, observer, engine: createNativeLoadEngine({ clock, random, leaseMs, beatMs }) };
}

function scratchTargetOf(config: WorkerConfig, name: string | null): RestoreTargetSource {
  const target = name === null ? config.restoreTargets.find(({ scratch }) => scratch) : restoreTargetOf(config, name);
  if (target?.scratch === true) return target;
  throw new AppError({
    code: target === undefined ? 'target/unknown' : 'request/unsupported',
    stage: 'config',
    message: name === null ? 'This worker knows no scratch target' : `${name} is no scratch target of this worker`,
    hint: 'Give all processes the same RESTORE_TARGETS and flags',
  });
}
