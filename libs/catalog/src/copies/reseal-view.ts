import { setTimeout as delay } from 'node:timers/promises';
import { AppError, throwIfAborted, type BackupJson, type CopyRecord } from '#contracts';
import type { RotationViewOptions } from '../backups/rotation-options.js';
import { HeldClaim } from '../claims/held-claim.js';
import { fenced } from '../claims/run-errors.js';
import type { Catalog } from '../contract/catalog.js';
import type { CopyRepository } from '../contract/copies.js';
import { copyIdOf } from './copy-record.js';

/** What `act` came to, and the `backup.json` that stands in the destination then. */
interface Resealed<T> {
  readonly result: T;
  readonly standing: BackupJson;
}

/** Copies that are sealed anew where they lie, as a rotation sees them (a part of the pipeline's `RotationCatalog`, in the same form). */
export function resealView(catalog: Catalog, options: RotationViewOptions) {
  const { clock, lease, onTrouble } = options;
  const { copies, backups } = catalog;
  // Any other is copied again from the primary store, is to come home, or is about to go.
  const isLeft = async (backupId: string): Promise<boolean> => {
    const record = await backups.find(backupId);
    return record === null || record.status === 'deleted';
  };
  return {
    standsAlone: async (place: string, backupId: string): Promise<boolean> =>
      (await isStanding(copies, place, backupId)) && (await isLeft(backupId)),

    async holdCopy<T>(
      place: string,
      backupId: string,
      act: (signal: AbortSignal) => Promise<Resealed<T>>,
      signal: AbortSignal,
    ): Promise<T | 'gone'> {
      const taken = await take(catalog, options, { place, backupId }, signal);
      if (taken === 'gone') return 'gone';
      const { copyId, claim, claimedAt } = taken;
      const ref = { id: copyId, fence: claim.fence };
      const times = { ...lease, lookMs: lease.beatMs, tickMs: Math.min(1000, lease.beatMs) };
      const held = new HeldClaim(copies, ref, { clock, claimedAt, times, onTrouble });
      // Who was given up and hangs must not keep the copy: its lease ends it then.
      const giveUp = (): void => void held.stop();
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        // Under the claim: it may have been copied anew a moment ago.
        if (!(await isLeft(backupId))) return 'gone';
        const { result, standing: backup } = await act(AbortSignal.any([signal, held.signal]));
        const { sha256: hash, bytes } = backup.objects.data;
        const { attempt, keyIds } = backup;
        held.ending();
        if (!(await copies.resealed(ref, { at: clock.now(), attempt, hash, bytes, keyIds })))
          throw fenced(copyId, 'its claim was lost');
        return result;
      } finally {
        signal.removeEventListener('abort', giveUp);
        await held.stop();
        // Else its lease ends it.
        await copies.release(ref, null).catch(onTrouble);
      }
    },
  };
}

async function isStanding(copies: CopyRepository, place: string, backupId: string): Promise<boolean> {
  const copy = (await copies.of([backupId])).find(({ destination }) => destination === place);
  return copy?.state === 'copied' || copy?.state === 'verifying';
}

/** Waits for who reads it back. `gone`: it stands there no more, or is about to go. */
async function take(
  { copies }: Catalog,
  { clock, owner, patienceMs = 30_000, pollMs = 1000 }: RotationViewOptions,
  { place, backupId }: { readonly place: string; readonly backupId: string },
  signal: AbortSignal,
): Promise<(CopyRecord & { readonly claimedAt: number }) | 'gone'> {
  const copyId = copyIdOf(backupId, place);
  const began = clock.monotonicMs();
  for (;;) {
    throwIfAborted(signal, 'keys');
    const claimedAt = clock.monotonicMs();
    const taken = await copies.claimStanding(copyId, owner);
    if (taken !== null) return { ...taken, claimedAt };
    if (!(await isStanding(copies, place, backupId))) return 'gone';
    if (clock.monotonicMs() - began >= patienceMs) throw inUse(copyId);
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

function inUse(copyId: string): AppError {
  return new AppError({
    code: 'backup/refused',
    stage: 'keys',
    retry: 'retry',
    message: `${copyId} is in use: it is being verified`,
    hint: 'Nothing was changed: run it again when that is over',
  });
}
