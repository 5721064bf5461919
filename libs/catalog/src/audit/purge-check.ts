import type { ChainedAuditRecord } from '#contracts';
import { purgeOf, type Purge } from './audit-chain.js';

const dayMs = 86_400_000;
/** Clocks of several machines write one log. */
const toleranceMs = 3_600_000;

/**
 * What the notes of removals in the log are worth: an honest one says how old everything was that went, and the newest of it stays to prove it by its own time. Told
 * is what no removal by retention leaves: else whoever removes what tells of him would write such a note.
 */
export class PurgeCheck {
  #youngestDays: number | null = null;
  #isDated = true;
  #pending: ChainedAuditRecord | null = null;
  #sawDated = false;

  /** `newest`: the note that the log begins after. */
  constructor(
    private readonly newest: Purge,
    private readonly now: Date,
    private readonly problem: (sequence: number, message: string) => void,
  ) {}

  /** So old, in days, were the youngest that any removal still noted took; null: none is noted, or one by an earlier version, without its age. */
  get youngestDays(): number | null {
    return this.#isDated ? this.#youngestDays : null;
  }

  /** Every entry, in order. */
  look(entry: ChainedAuditRecord): void {
    if (entry.sequence === this.newest.sequence + 1) this.#anchor(entry);
    if (this.#pending !== null && this.#pending.at.getTime() > entry.at.getTime() + toleranceMs)
      this.#late(this.#pending, `entry ${entry.sequence} after it is of ${entry.at.toISOString()}`);
    this.#pending = null;
    const purge = purgeOf(entry);
    if (purge !== null) this.#note(entry, purge);
  }

  #note(entry: ChainedAuditRecord, { before }: Purge): void {
    const { sequence, at } = entry;
    this.#isDated = before !== null;
    if (before === null) {
      if (this.#sawDated) this.problem(sequence, `Entry ${sequence} says that entries were removed, and not how old`);
      return;
    }
    this.#sawDated = true;
    this.#pending = entry;
    const days = Math.floor((at.getTime() - before.getTime()) / dayMs);
    this.#youngestDays = Math.min(days, this.#youngestDays ?? days);
    if (at.getTime() > this.now.getTime() + toleranceMs) this.#late(entry, `now it is ${this.now.toISOString()}`);
  }

  #anchor({ sequence, at }: ChainedAuditRecord): void {
    const { before } = this.newest;
    if (before === null || at < before) return;
    this.problem(
      sequence,
      `Entry ${sequence} is of ${at.toISOString()}: retention says to have removed what was before it as older than ${before.toISOString()}, and keeps the newest of those`,
    );
  }

  #late({ sequence, at }: ChainedAuditRecord, why: string): void {
    this.problem(sequence, `Entry ${sequence} says that entries were removed at ${at.toISOString()}, and ${why}`);
  }
}
