import type { Clock } from '#contracts';

export interface RotationViewOptions {
  readonly clock: Clock;
  /** Who uses the backups. */
  readonly owner: string;
  readonly lease: { readonly leaseMs: number; readonly beatMs: number };
  /** So long it is waited for others that have a backup and live. Default 30 s. */
  readonly patienceMs?: number;
  /** Between two looks at a backup that others have. Default 1 s. */
  readonly pollMs?: number;
  /** Told of beats that failed. */
  readonly onTrouble: (error: unknown) => void;
  /** Throws `store/changed` when the records belong to another store. */
  readonly requireStore: (signal: AbortSignal) => Promise<void>;
}
