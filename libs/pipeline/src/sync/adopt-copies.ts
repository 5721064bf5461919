import { targetOfBackupId, timeOfBackupId, type Clock, type FoundCopy } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import { isCold } from '../objects/prove-cold.js';
import { findCopy } from './find-copy.js';
import { isHome } from './find-unrecorded.js';
import { walkRecords } from './join-records.js';
import { isDoubt } from './sync-pair.js';
import type { SyncCatalog } from './sync-types.js';
import { walkFolders } from './walk-folders.js';

export interface AdoptionDeps {
  readonly catalog: Pick<SyncCatalog, 'targets' | 'page'>;
  /** In a dry run: its records are still to be made, and nothing is written. */
  readonly primary: ObjectStore | null;
  readonly ring: KeyRing;
  readonly clock: Clock;
  /** Makes the record of a copy that stands in a destination and has none; false: it has one meanwhile. */
  readonly adoptCopy: (destination: string, found: FoundCopy) => Promise<boolean>;
}

/** A destination, as far as copies in it are taken for what retention left there. */
export interface Keeper {
  readonly name: string;
  readonly store: ObjectStore;
  /** Whether backups of this target are copied there, and kept by a policy of the destination's own. */
  readonly keeps: (target: string) => boolean;
}

/** `told`: why it was not adopted, where people should know. */
export type Adoption = 'adopted' | 'known' | 'left' | { readonly told: string };

/**
 * Backups of a destination that have no record, and are copies again when retention must have removed them from the primary store: a younger one of the same target
 * stands there. Any other may be one that the primary store has lost, or never had: only people know.
 */
export class CopyAdopter {
  /** By target, the time of the youngest at home; null: none is. */
  readonly #youngest = new Map<string, Promise<Date | null>>();

  constructor(
    private readonly deps: AdoptionDeps,
    private readonly keeper: Keeper,
  ) {}

  async adopt(backupId: string, signal: AbortSignal): Promise<Adoption> {
    const { name, store, keeps } = this.keeper;
    const { ring, clock, primary, adoptCopy } = this.deps;
    const target = targetOfBackupId(backupId) ?? '';
    if (!keeps(target) || !(await this.#wasRemoved(backupId, target, signal))) return 'left';
    try {
      const found = await findCopy({ store, ring, clock }, backupId, signal);
      if (found === null) return 'left';
      return primary !== null || (await adoptCopy(name, found)) ? 'adopted' : 'known';
    } catch (error) {
      if (!isDoubt(error) && !isCold(error)) throw error;
      return { told: `${backupId} in ${name} gets no record, for nothing proves what it says: ${error.message}` };
    }
  }

  async #wasRemoved(backupId: string, target: string, signal: AbortSignal): Promise<boolean> {
    const looked = this.#youngest.get(target) ?? this.#youngestOf(target, signal);
    this.#youngest.set(target, looked);
    const youngest = await looked;
    const time = timeOfBackupId(backupId);
    return youngest !== null && time !== undefined && time < youngest;
  }

  async #youngestOf(target: string, signal: AbortSignal): Promise<Date | null> {
    const { catalog, primary } = this.deps;
    let youngest: string | undefined;
    // Both in the order of the ids, which is that of their times.
    if (primary === null) {
      for await (const record of walkRecords(catalog, target)) if (isHome(record)) youngest = record.backupId;
    } else {
      for await (const { backupId, hasBackupJson } of walkFolders(primary, target, () => undefined, signal))
        if (hasBackupJson) youngest = backupId;
    }
    return youngest === undefined ? null : (timeOfBackupId(youngest) ?? null);
  }
}
