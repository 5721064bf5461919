import type { AlertKind, Clock, JobSink, VerificationLevel } from '#contracts';
import type { Catalog } from '../contract/catalog.js';

export interface UpkeepOptions {
  readonly catalog: Catalog;
  readonly jobs: JobSink;
  readonly clock: Clock;
  readonly lease: {
    readonly leaseMs: number;
    /** How often `look()` is called. */
    readonly reaperMs: number;
  };
  readonly verify: {
    /** Level after each backup; null: none. */
    readonly level: VerificationLevel | null;
    /** A backup is verified again (at `readable` without a level) when nobody asked for it for so many days; null: never again. */
    readonly reverifyDays: number | null;
  };
  /** Backups of all workers at the same time; null or absent: no limit. */
  readonly fleetConcurrency?: number | null;
  /** Names of the channels that alerts go to. */
  readonly channels: readonly string[];
}

/** A delivery that gets no further for so long is another's to make: longer than any channel's time limit. */
export const deliveryLeaseMs = 30_000;

/** The key of an alert's state: `<kind>/<target>` (of `restore-failed`: the restore target); for `verification-failed` and `missing` `<kind>/<backupId>`. */
export function alertKey(kind: AlertKind, subject: string): string {
  return `${kind}/${subject}`;
}
