import { isPart, type BackupRecord } from '#contracts';
import type { Instruments } from './instruments.js';

/** The `last_*` gauges: a time only ever moves forward, so that restoring them from the catalogue and live runs do not quarrel. */
export class LastRuns {
  readonly #instruments: Instruments;
  /** Newest time by gauge and target. */
  readonly #newest = new Map<string, number>();

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  attempt(target: string, at: Date): void {
    if (this.#isNewer('attempt', target, at)) this.#instruments.lastAttempt.set({ target }, seconds(at));
  }

  success(target: string, at: Date, sizeBytes: number | null): void {
    this.#status(target, at, 1);
    if (!this.#isNewer('success', target, at)) return;
    this.#instruments.lastSuccess.set({ target }, seconds(at));
    if (sizeBytes !== null) this.#instruments.lastSize.set({ target }, sizeBytes);
  }

  failure(target: string, at: Date): void {
    this.#status(target, at, 0);
  }

  verified(target: string, at: Date): void {
    if (this.#isNewer('verified', target, at)) this.#instruments.verifyLastSuccess.set({ target }, seconds(at));
  }

  /** A restore into a restore target was completed. */
  restored(target: string, at: Date): void {
    if (this.#isNewer('restored', target, at)) this.#instruments.restoreLastSuccess.set({ target }, seconds(at));
  }

  /** A drill found all equal. */
  drilled(target: string, at: Date): void {
    if (this.#isNewer('drilled', target, at)) this.#instruments.drillLastSuccess.set({ target }, seconds(at));
  }

  /** A target that is none any more: its gauges are removed, and what comes after is the newest again. A restore target may have its name, and stays. */
  forget(target: string): void {
    for (const what of ['attempt', 'success', 'status', 'verified', 'drilled'])
      this.#newest.delete(`${what}/${target}`);
  }

  /** From records of the catalogue, in any order: a restart must not look like "never". */
  restore(records: readonly BackupRecord[]): void {
    // A part that was made by hand is no success of its target; where it is all that is made, `lastSuccess` tells.
    const whole = records.filter((record) => !isPart(record));
    for (const { target, status, startedAt, completedAt, size, verificationStatus } of whole) {
      if (startedAt !== null) this.attempt(target, startedAt);
      if (verificationStatus.verifiedAt !== null) this.verified(target, verificationStatus.verifiedAt);
      const end = completedAt ?? startedAt;
      if (end === null) continue;
      if (status === 'failed') this.failure(target, end);
      else if (status === 'completed' || status === 'missing' || status === 'deleting') this.success(target, end, size);
    }
  }

  #status(target: string, at: Date, value: 0 | 1): void {
    if (this.#isNewer('status', target, at)) this.#instruments.lastStatus.set({ target }, value);
  }

  #isNewer(what: string, target: string, at: Date): boolean {
    const key = `${what}/${target}`;
    const known = this.#newest.get(key);
    if (known !== undefined && known > at.getTime()) return false;
    this.#newest.set(key, at.getTime());
    return true;
  }
}

function seconds(at: Date): number {
  return at.getTime() / 1_000;
}
