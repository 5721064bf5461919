import type { BackupJson, BackupState } from '#contracts';
import type { CatalogBackup, CleanupCatalog, Sighting } from '#pipeline';

export interface MemoryBackup {
  readonly backupId: string;
  readonly target: string;
  status: BackupState;
  readonly completedAt: Date;
  readonly bytes: number;
  pinned: boolean;
  usedBy: string | null;
  good: boolean;
  verified: boolean;
  commitConflict?: boolean;
  /** As noted. */
  lockedUntil?: Date;
  committed?: number | null;
}

/** A catalogue in memory, as a cleanup sees it. */
export class MemoryCatalog implements CleanupCatalog {
  readonly records = new Map<string, MemoryBackup>();
  readonly failing = new Set<string>();
  readonly refusals: string[] = [];
  readonly #before = new Map<string, BackupState>();
  sightings: readonly Sighting[] = [];
  /** What the clock of its server shows; null: it does not tell. */
  time: Date | null = null;

  /** A record of a backup that stands. */
  add(
    { backupId, target, completedAt, pinned, objects }: BackupJson,
    changes: Partial<MemoryBackup> = {},
  ): MemoryBackup {
    const record: MemoryBackup = {
      backupId,
      target,
      status: 'completed',
      completedAt: new Date(completedAt),
      bytes: objects.data.bytes,
      pinned,
      usedBy: null,
      good: true,
      verified: false,
      ...changes,
    };
    this.records.set(backupId, record);
    return record;
  }

  statusOf(backupId: string): BackupState | undefined {
    return this.records.get(backupId)?.status;
  }

  serverTime(): Promise<Date | null> {
    return Promise.resolve(this.time);
  }

  view(backupId: string): ReturnType<CleanupCatalog['view']> {
    const record = this.records.get(backupId);
    if (record === undefined) return Promise.resolve(null);
    const others = [...this.records.values()].filter(
      (other) => other.target === record.target && other !== record && other.status === 'completed' && other.good,
    );
    const { status, pinned, usedBy, commitConflict = false, committed = null } = record;
    return Promise.resolve({
      status,
      commitConflict,
      committed,
      pinned,
      usedBy,
      foundBad: !record.good,
      otherGood: others.map((other) => other.backupId),
    });
  }

  completed(target: string | null): Promise<readonly CatalogBackup[]> {
    return Promise.resolve(
      [...this.records.values()].flatMap(({ status, ...record }) =>
        (status === 'completed' || status === 'missing') && (target ?? record.target) === record.target
          ? [{ ...record, status }]
          : [],
      ),
    );
  }

  lastRunsFailed(target: string): Promise<boolean> {
    return Promise.resolve(this.failing.has(target));
  }

  beginDelete(backupId: string): Promise<boolean> {
    this.#before.set(backupId, this.statusOf(backupId) ?? 'completed');
    return Promise.resolve(this.#move(backupId, ['completed', 'missing'], 'deleting'));
  }

  refuseDelete(backupId: string, reason: string, isGone: boolean): Promise<void> {
    this.refusals.push(reason);
    this.#move(backupId, ['deleting'], isGone ? 'missing' : (this.#before.get(backupId) ?? 'completed'));
    return Promise.resolve();
  }

  deleted(backupId: string): Promise<void> {
    this.#move(backupId, ['deleting'], 'deleted');
    return Promise.resolve();
  }

  noteLock(backupId: string, lockedUntil: Date): Promise<void> {
    const record = this.records.get(backupId);
    if (record !== undefined) record.lockedUntil = lockedUntil;
    return Promise.resolve();
  }

  markMissing(backupId: string, missing: boolean): Promise<void> {
    this.#move(backupId, missing ? ['completed'] : ['missing'], missing ? 'missing' : 'completed');
    return Promise.resolve();
  }

  purgeRecords(): Promise<number> {
    return Promise.resolve(7);
  }

  readSightings(): Promise<readonly Sighting[]> {
    return Promise.resolve(this.sightings);
  }

  writeSightings(sightings: readonly Sighting[]): Promise<void> {
    this.sightings = sightings;
    return Promise.resolve();
  }

  #move(backupId: string, from: readonly BackupState[], to: BackupState): boolean {
    const record = this.records.get(backupId);
    if (record === undefined || !from.includes(record.status)) return false;
    record.status = to;
    return true;
  }
}
