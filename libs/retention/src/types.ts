/** Which backups of a target are kept. A backup is kept when any rule keeps it; 0 switches a rule off. Windows are those of the zone's calendar and end now. */
export interface RetentionPolicy {
  /** Everything younger than so many days (BACKUP_RETENTION_DAYS). */
  readonly retentionDays: number;
  /** The newest good ones (BACKUP_KEEP_LAST). */
  readonly keepLast: number;
  /** The newest good one of each of the last so many hours, days, ISO weeks, months, years (BACKUP_KEEP_HOURLY …). */
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  /** The newest good ones that fit in so many bytes together (BACKUP_KEEP_WITHIN_BYTES). */
  readonly withinBytes: number;
  /** IANA name: where days, weeks, months and years begin (the target's own time zone). */
  readonly timezone: string;
  /** Never fewer than so many, whatever the rules say (BACKUP_MIN_KEEP, 3); at least 1. */
  readonly minKeep: number;
}

/** A completed backup as retention sees it. */
export interface RetentionRecord {
  readonly backupId: string;
  readonly target: string;
  /** Backups of the same series stand for one another: windows, counts, the last good and the last verified one are those of a series. Default '', the target's main series. */
  readonly series?: string;
  readonly completedAt: Date;
  /** What it takes in the store. */
  readonly bytes: number;
  readonly pinned: boolean;
  /** Who uses it, in words; null: nobody. */
  readonly usedBy: string | null;
  /** Its objects stand and no verification found it bad. Only good ones take a place in a rule. */
  readonly good: boolean;
  /** A verification at `readable` or better found it good. */
  readonly verified: boolean;
  /** The store refuses to remove it before; null: not locked, or not known. */
  readonly lockedUntil: Date | null;
}

export interface RetentionDecision {
  readonly backupId: string;
  readonly target: string;
  /** `kept-by-refusal`: the rules let it go, but this run may not remove. */
  readonly decision: 'keep' | 'remove' | 'kept-by-refusal';
  /** In words, at least one. */
  readonly reasons: readonly string[];
}
