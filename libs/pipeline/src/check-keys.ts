import { AppError, cancelled, saysUnasked, throwIfAborted, type BackupJson } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import { listBackups } from './list-backups.js';
import { readBackupJson } from './objects/backup-json-file.js';
import { warningTexts } from './objects/object-headers.js';
import { checkObject, openObject, refuseForeignFolder } from './objects/check-object.js';

export interface CheckKeysDeps {
  readonly store: ObjectStore;
  readonly ring: KeyRing;
}

export interface CheckKeysRequest {
  /** Undefined: all. */
  readonly target?: string | undefined;
  /** Backups looked at side by side. Default 8. */
  readonly concurrency?: number;
}

/** What is known of one backup. */
export interface KeyProof {
  readonly backupId: string;
  /** Null: it opens. */
  readonly error: AppError | null;
  /** Names of the keys in the slots of its data; empty when they could not be read. */
  readonly keyIds: readonly string[];
  readonly warnings: readonly string[];
}

const usualConcurrency = 8;
/** So many backups in a row for which AWS KMS could not be asked, and it is asked no more. */
const mostUnasked = 16;

/**
 * Proves of every committed backup that it opens with the keys at hand: both objects are there in full size, a slot of each header (or of its sidecar) unwraps with a
 * key of ours, the header's MAC, made with the data key, is right, and what it says is what `backup.json` says. Reads headers only: the payload is `runVerify`'s business.
 * Goes on after a failure; newest first. A backup that is removed meanwhile is left out. Throws what ends the look as a whole: a store that cannot be reached, AWS KMS that could
 * not be asked for many in a row, `run/cancelled`.
 */
export async function checkKeys(
  deps: CheckKeysDeps,
  request: CheckKeysRequest,
  signal: AbortSignal,
  onProof: (proof: KeyProof, count: number) => void = () => undefined,
): Promise<readonly KeyProof[]> {
  try {
    const { backups, damaged } = await listBackups(deps.store, request.target, signal);
    const count = backups.length + damaged.length;
    const proofs: KeyProof[] = damaged.map(({ backupId, error }) => ({ backupId, error, keyIds: [], warnings: [] }));
    for (const proof of proofs) onProof(proof, count);
    const until = { store: deps.store, ring: deps.ring.within(signal) };
    let unasked = 0;
    const atOnce = request.concurrency ?? usualConcurrency;
    for (let at = 0; at < backups.length; at += atOnce) {
      throwIfAborted(signal, 'verify');
      const looked = await Promise.all(backups.slice(at, at + atOnce).map((backup) => prove(until, backup, signal)));
      for (const proof of looked) {
        if (proof === null) continue;
        proofs.push(proof);
        onProof(proof, count);
        unasked = proof.error !== null && saysUnasked(proof.error.code) ? unasked + 1 : 0;
        if (proof.error !== null && unasked >= mostUnasked) throw notAsked(proof.error, unasked);
      }
    }
    return proofs;
  } catch (error) {
    throw signal.aborted ? cancelled(signal, 'verify') : AppError.from(error, 'verify');
  }
}

function notAsked(error: AppError, inARow: number): AppError {
  return new AppError({
    ...{ code: error.code, stage: error.stage, retry: error.retry, cause: error },
    message: `${error.message}, for ${inARow} backups in a row: the others were not tried`,
    hint: error.hint ?? 'Run it again when AWS KMS answers',
  });
}

/** These say something of the store as a whole, or of the run. */
const ofAll = new Set<string>(['store/unreachable', 'run/cancelled', 'internal/unexpected']);

async function prove(deps: CheckKeysDeps, backup: BackupJson, signal: AbortSignal): Promise<KeyProof | null> {
  const { backupId } = backup;
  try {
    return await openBoth(deps, backup, signal);
  } catch (thrown) {
    const error = AppError.from(thrown, 'verify');
    if (signal.aborted || ofAll.has(error.code)) throw error;
    if ((await readBackupJson(deps.store, backupId, signal)) === null) return null;
    return { backupId, error, keyIds: backup.keyIds, warnings: [] };
  }
}

async function openBoth({ store, ring }: CheckKeysDeps, backup: BackupJson, signal: AbortSignal): Promise<KeyProof> {
  refuseForeignFolder(backup);
  const { data, manifest } = backup.objects;
  const warnings: string[] = [];
  const keyIds = new Set<string>();
  for (const [object, kind] of [[data, 'mongodump-archive'] as const, [manifest, 'manifest'] as const]) {
    try {
      const stored = await checkObject(store, backup, object, kind, signal);
      const opened = await openObject(ring, backup, object, kind, stored);
      warnings.push(...warningTexts(stored, opened));
      for (const { keyId } of opened.header.slots) keyIds.add(keyId);
    } catch (error) {
      // No damage, and nothing that a key could help: the manifest, which never gets cold, was sealed for the same keys.
      if (kind === 'manifest' || !(error instanceof AppError) || error.code !== 'store/cold') throw error;
      warnings.push(`${error.message}; its keys are proven by its manifest alone`);
    }
  }
  return { backupId: backup.backupId, error: null, keyIds: [...keyIds], warnings };
}
