import { AppError } from '#contracts';
import type { KeyRing, ReadHeader } from '#crypto';
import { inspectStoredHeader, type StoredHeader } from '../objects/object-headers.js';

/**
 * Where a sidecar did not open and the header in the file did, a reader goes by the file. Who writes may do so only when the sidecar is of no use to anybody:
 * one that is whole is newer than the file, and replaced it would shut out who holds its keys (`container/no-key`). What a key service or the store could not say of it
 * (`keys/kms-…`, `store/…`) is no reason to replace it either.
 */
export async function refuseForOthers(
  ring: KeyRing,
  stored: StoredHeader,
  { from, sidecarFailure }: ReadHeader,
): Promise<void> {
  if (from === 'sidecar' || sidecarFailure === undefined) return;
  if (/^(keys\/kms-|store\/)/.test(sidecarFailure.code)) throw sidecarFailure;
  if (await isDamaged(ring, stored, sidecarFailure)) return;
  throw new AppError({
    code: 'container/no-key',
    stage: 'keys',
    message: `The header sidecar of ${stored.key} is for other keys than those at hand. ${sidecarFailure.message}`,
    hint: 'Was this process left with an old key? Set the new one as BACKUP_ENCRYPTION_KEY and this one in BACKUP_ENCRYPTION_KEYS_RETIRED, and run it again. If nobody has those keys any more, delete that sidecar. Nothing was changed',
    cause: sidecarFailure,
  });
}

/** Whether nobody opens by it: it is none of this file, or its MAC is wrong, or our own slot is damaged, which its MAC covers too. Of a slot of others nobody here can tell. */
async function isDamaged(ring: KeyRing, stored: StoredHeader, { code }: AppError): Promise<boolean> {
  const { from, header } = await inspectStoredHeader(stored);
  if (from === 'file' || code === 'container/bad-header') return true;
  if (code !== 'container/wrong-key') return false;
  const owners = await Promise.all(header.slots.map((slot) => ring.ownerOf(slot)));
  return !owners.includes('unknown');
}
