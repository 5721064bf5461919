import type { AppError, BackupJson } from '#contracts';
import type { ObjectStore, PutBytesOptions } from '#storage';
import type { RewriteJournal } from '../deps.js';
import { conflict, findLoss } from '../objects/confirm.js';
import { backupJsonKey } from '../objects/keys.js';
import { readIfThere } from '../objects/read-if-there.js';
import { defaultPauseMs, isOutOfReach, recordCommit } from '../objects/record-commit.js';
import type { RotateDeps } from '../rotate/rotate-types.js';
import { settleCommit } from './settle-commit.js';

export interface RewriteCommit {
  readonly deps: RotateDeps;
  readonly record: RewriteJournal | null;
  readonly place: ReplacedCommit;
  readonly signal: AbortSignal;
  /** Told as soon as nothing takes the commit back any more. */
  readonly recorded: () => void;
}

export interface Rewritten {
  readonly attempt: number;
  readonly backup: BackupJson;
  readonly bytes: Buffer;
}

/** Commit of a rewrite: on the record (1), then in the place of the old `backup.json` (2). Without catalogue the second alone. */
export async function commitRewrite(
  { deps, record, place, signal, recorded }: RewriteCommit,
  { attempt, backup, bytes }: Rewritten,
): Promise<void> {
  const { store } = deps;
  if (record === null) {
    await place.replace(bytes, signal);
    recorded();
    await place.requireObjects(backup);
    return;
  }
  const pauseMs = deps.commitPauseMs ?? defaultPauseMs;
  await recordCommit(record, { attempt, bytes }, { pauseMs, signal });
  recorded();
  await settleCommit({ store, record }, backup.backupId, signal);
}

/** The `backup.json` that a rewrite without catalogue replaces: the version that it read, and nothing else. */
export class ReplacedCommit {
  #sent = false;

  constructor(
    private readonly store: ObjectStore,
    private readonly backupId: string,
    private readonly old: { readonly bytes: Buffer; readonly etag: string },
  ) {}

  async replace(bytes: Buffer, signal: AbortSignal): Promise<void> {
    try {
      const options = await this.#onOld(this.old.etag);
      this.#sent = true;
      await this.store.putBytes(backupJsonKey(this.backupId), bytes, { ...options, signal });
    } catch (error) {
      // Whatever the store answered, what stands decides. Without the run's signal: this question needs its answer.
      if (this.#sent && (await this.#stands())?.equals(bytes) === true) return;
      throw error;
    }
  }

  /**
   * After the commit: a sweeper that saw no life in the new folder may have removed it while this process slept. Then the old one, which still stands, is named
   * again.
   */
  async requireObjects(backup: BackupJson): Promise<void> {
    const loss = await findLoss(this.store, backup);
    if (loss === null) return;
    const standing = await readIfThere(this.store, backupJsonKey(this.backupId));
    if (standing === null) throw loss;
    await this.store.putBytes(backupJsonKey(this.backupId), this.old.bytes, await this.#onOld(standing.etag));
    throw conflict(this.backupId, loss);
  }

  /** Whether a commit that was sent and failed can never stand. */
  async isOutOfReach(record: RewriteJournal | null, attempt: number, cause: AppError): Promise<boolean> {
    if (record !== null) return isOutOfReach(record, attempt);
    return !this.#sent || cause.code === 'store/precondition-failed';
  }

  async #onOld(etag: string): Promise<PutBytesOptions> {
    return { lock: true, ...((await this.store.abilities()).conditionalReplace ? { ifMatch: etag } : {}) };
  }

  async #stands(): Promise<Buffer | null> {
    try {
      return (await readIfThere(this.store, backupJsonKey(this.backupId)))?.bytes ?? null;
    } catch {
      return null;
    }
  }
}
