import { drillJob, wholeGoodOnes, type Catalog } from '#catalog';
import type { ApiConfig, TargetConfig } from '#config';
import { isFinalTask, slotDrillId, type DrillRecord } from '#contracts';
import { oneByLot } from '../drills/one-by-lot.js';
import { scratchTargetFor } from '../drills/scratch-target.js';
import { latestSlot } from './slots.js';
import type { TickDeps } from './tick.js';

/**
 * The drill of a target's newest slot; null: there is none to make. Its id is made of the slot, so any number of replicas make one. `since`: slots before
 * this process's start are made up only where drills were made before: an installation does not begin with one. A slot whose predecessor still runs is left out.
 */
export async function drillTick(
  deps: TickDeps,
  config: Pick<ApiConfig, 'targets' | 'restoreTargets'>,
  target: TargetConfig,
  since: Date,
): Promise<DrillRecord | null> {
  const { catalog, clock, random } = deps;
  const now = clock.now();
  const slot = latestSlot(target.drill.schedule, now);
  if (slot === null) return null;
  const last = await catalog.drills.lastScheduled(target.name);
  if (last === null ? slot < since : last.slot === null || slot <= last.slot || !isFinalTask(last.status)) return null;
  const chosen = await choose(deps, target.name, last);
  if (chosen === null) return null;
  const inserted = await catalog.drills.insert({
    ...{ drillId: slotDrillId(target.name, slot), trigger: 'schedule', slot, target: target.name },
    ...{
      choice: chosen.choice,
      backupId: chosen.backupId,
      targetName: scratchTargetFor(config, target.name, undefined),
    },
    ...{ createdAt: now, correlationId: `tick-${random.bytes(8).toString('hex')}`, requestedBy: 'schedule' },
  });
  if (inserted.outcome !== 'inserted') return null;
  // A queue that is down is no loss: the reconciler adds the job of a pending drill.
  await deps.queue.add(drillJob(inserted.record)).catch(() => undefined);
  return inserted.record;
}

interface Chosen {
  readonly choice: 'newest' | 'older';
  readonly backupId: string;
}

/** The newest good backup, and every second time a random older one. */
async function choose(
  { catalog, random }: { readonly catalog: Catalog } & Pick<TickDeps, 'random'>,
  target: string,
  last: DrillRecord | null,
): Promise<Chosen | null> {
  const [newest, ...older] = await wholeGoodOnes(catalog, target);
  if (newest === undefined) return null;
  const picked = oneByLot(older, random);
  return last?.choice === 'newest' && picked !== undefined
    ? { choice: 'older', backupId: picked }
    : { choice: 'newest', backupId: newest };
}
