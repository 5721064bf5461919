import type { WorkerSettings } from '#queue';

/** Times that no operator needs to set. Tests shorten them. */
export interface Tuning {
  /** Between two looks for a wish to cancel. */
  readonly lookMs: number;
  /** How often a claim asks its clock what is due. */
  readonly tickMs: number;
  /** First pause before a failed run is tried again; doubles. */
  readonly retryBaseMs: number;
  readonly retryMostMs: number;
  /** At most one write of progress in so long. */
  readonly progressMs: number;
  /** First pause between two tries of a write that must not be lost; doubles up to `persistMostMs`. */
  readonly persistPauseMs: number;
  readonly persistMostMs: number;
  /** Between two tries to reach what the worker cannot start without. */
  readonly startPauseMs: number;
  /** Between two looks at targets and store, and how long one may take. */
  readonly probeEveryMs: number;
  readonly probeTimeoutMs: number;
  /** From the start to the first look at rights, keys, tools and room, between two such looks, and how long one may take. */
  readonly examineAfterMs: number;
  readonly examineEveryMs: number;
  readonly examineLimitMs: number;
  /** Between two proofs that every kept backup opens with our keys: it reads the headers of all. */
  readonly proveKeysEveryMs: number;
  /** Between two complete looks at what lies in a destination. */
  readonly checkDestinationMs: number;
  /** Locks of BullMQ. */
  readonly locks: NonNullable<WorkerSettings['times']>;
}

export const defaultTuning: Tuning = {
  lookMs: 2_000,
  tickMs: 250,
  retryBaseMs: 30_000,
  retryMostMs: 3_600_000,
  progressMs: 1_000,
  persistPauseMs: 1_000,
  persistMostMs: 30_000,
  startPauseMs: 2_000,
  probeEveryMs: 60_000,
  probeTimeoutMs: 15_000,
  examineAfterMs: 15_000,
  examineEveryMs: 600_000,
  examineLimitMs: 30_000,
  proveKeysEveryMs: 21_600_000,
  checkDestinationMs: 86_400_000,
  locks: {},
};
