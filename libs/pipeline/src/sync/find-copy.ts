import type { Clock, FoundCopy } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import { lockOfCopy } from '../copy/lock-of-copy.js';
import { checkObject, openObject } from '../objects/check-object.js';
import { anybodyMaySeal } from '../objects/compare-record.js';
import { proveForPlan } from '../objects/prove-cold.js';

export interface FindCopyDeps {
  /** The destination. */
  readonly store: ObjectStore;
  readonly ring: KeyRing;
  readonly clock: Clock;
}

/**
 * A copy that our keys prove, its data perhaps in a cold class. Null: that it opens proves nothing, for whoever holds a public key may have sealed it, and retention
 * would trust its dates. Throws what `proveBackup` throws.
 */
export async function findCopy(
  { store, ring, clock }: FindCopyDeps,
  backupId: string,
  signal: AbortSignal,
): Promise<FoundCopy | null> {
  const { backup } = await proveForPlan({ store, ring }, backupId, signal);
  const { target, completedAt, attempt, objects } = backup;
  const { data, manifest } = objects;
  const stored = await checkObject(store, backup, manifest, 'manifest', signal);
  const { header } = await openObject(ring, backup, manifest, 'manifest', stored);
  if (anybodyMaySeal(header)) return null;
  return {
    ...{ backupId, target, attempt, completedAt: new Date(completedAt), hash: data.sha256, bytes: data.bytes },
    keyIds: header.slots.map(({ keyId }) => keyId),
    lockedUntil: await lockOfCopy(store, backupId, clock.now(), signal),
  };
}
