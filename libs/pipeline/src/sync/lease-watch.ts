import type { Sighting } from '../deps.js';
import { readSightingsFile, writeSightingsFile } from '../cleanup/sightings-file.js';
import { attemptFolder, leaseKey } from '../objects/keys.js';
import { readLease } from '../objects/lease-file.js';
import type { SyncRun } from './sync-types.js';

/**
 * Whether a run without a record may still be alive: its lease counts while it runs. As for orphans (spec/objects.md), a lease has to stand still from one look
 * to another, for max(grace, 3 × everySeconds) since the first sighting of it, which the sweeper and this watch share.
 */
export class LeaseWatch {
  readonly #seen: Map<string, Sighting>;
  #changed = false;

  private constructor(
    private readonly run: SyncRun,
    sightings: readonly Sighting[],
    private readonly now: Date,
  ) {
    this.#seen = new Map(sightings.map((sighting) => [sighting.folder, sighting]));
  }

  static async open(run: SyncRun): Promise<LeaseWatch> {
    const { store, clock } = run.deps;
    const storeTime = await store.serverTime(run.signal);
    const now = new Date(Math.min(clock.now().getTime(), storeTime?.getTime() ?? Infinity));
    return new LeaseWatch(run, await readSightingsFile(store, run.signal), now);
  }

  /** Why the attempt must be left alone; null: nothing says that it lives. */
  async mayLive(backupId: string, attempt: number): Promise<string | null> {
    const lease = await readLease(this.run.deps.store, leaseKey(backupId, attempt), this.run.signal);
    if (lease === null) return null;
    const folder = attemptFolder(backupId, attempt);
    const before = this.#seen.get(folder);
    const isSame = before?.leaseCounter === lease.counter && before.firstSeen <= this.now;
    const sighting = isSame ? before : { folder, firstSeen: this.now, leaseCounter: lease.counter };
    if (!isSame) {
      this.#seen.set(folder, sighting);
      this.#changed = true;
    }
    const waitMs = Math.max(this.run.request.graceMs, 3 * lease.everySeconds * 1000);
    const due = new Date(sighting.firstSeen.getTime() + waitMs);
    if (due <= this.now) return null;
    return `its lease may be that of a run that is still alive; ask again after ${due.toISOString()}`;
  }

  /** Keeps what was seen for the next look. */
  async close(): Promise<void> {
    if (!this.#changed || this.run.request.dryRun) return;
    await writeSightingsFile(this.run.deps.store, [...this.#seen.values()], this.run.signal);
  }
}
