import { syncChanges, type SyncChange, type SyncResult } from '#contracts';

/** A result is one document, and somebody reads it: counts are whole, lists hold the first. */
const mostListed = 1000;

/** What a sync found, in bounded memory. */
export class Tally {
  found = 0;
  unchanged = 0;
  leftAlone = 0;
  problems = 0;
  foreign = 0;
  readonly #counts = Object.fromEntries(syncChanges.map((change) => [change, 0])) as Record<SyncChange, number>;
  readonly #changes: { backupId: string; change: SyncChange; detail: string }[] = [];
  readonly #reports: string[] = [];

  readonly changed = (backupId: string, change: SyncChange, detail: string): void => {
    this.#counts[change] += 1;
    if (this.#changes.length < mostListed) this.#changes.push({ backupId, change, detail });
  };

  readonly problem = (text: string): void => {
    this.problems += 1;
    this.#report(text);
  };

  foreignName(name: string): void {
    this.foreign += 1;
    this.#report(`${JSON.stringify(name)} is no name of ours: left alone`);
  }

  result(dryRun: boolean): SyncResult {
    const { found, unchanged, leftAlone, problems, foreign } = this;
    const more = problems + foreign - this.#reports.length;
    return {
      ...{ dryRun, found, unchanged, leftAlone, counts: { ...this.#counts }, problems, foreign },
      changes: this.#changes,
      reports: more > 0 ? [...this.#reports, `and ${more} more of this kind`] : this.#reports,
    };
  }

  #report(text: string): void {
    if (this.#reports.length < mostListed) this.#reports.push(text);
  }
}
