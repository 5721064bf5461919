import { AppError, type BackupState } from '#contracts';
import type { CommitJournal, JournalView } from '#pipeline';

/** A backup's record in memory: one conditional update at a time, as the catalogue promises them. */
export class MemoryRecord {
  fence = 0;
  status: BackupState = 'pending';
  commit: { readonly attempt: number; readonly bytes: string } | null = null;

  /** A claim: the next fence, and the journal of its holder. */
  claim(): { readonly attempt: number; readonly journal: CommitJournal } {
    this.fence += 1;
    this.status = 'in_progress';
    return { attempt: this.fence, journal: this.#journalOf(this.fence) };
  }

  #journalOf(claimed: number): CommitJournal {
    let held = claimed;
    const check = (): void => {
      if (this.fence === held && this.status === 'in_progress') return;
      throw new AppError({ code: 'run/fenced', stage: 'claim', message: 'the record is another’s' });
    };
    return {
      raiseAbove: async (attempt) => {
        await Promise.resolve();
        check();
        this.fence = held = Math.max(held, attempt + 1);
        return held;
      },
      record: async (attempt, bytes) => {
        await Promise.resolve();
        check();
        this.commit = { attempt, bytes: bytes.toString() };
      },
      look: async (): Promise<JournalView> => {
        await Promise.resolve();
        return {
          fence: this.fence,
          status: this.status,
          commit: this.commit === null ? null : { attempt: this.commit.attempt },
        };
      },
    };
  }
}
