import { AppError, type BackupState } from '#contracts';
import type { RewriteJournal, RotationCatalog } from '#pipeline';

/** The record of one backup in memory, as a rotation of keys sees it: one conditional update at a time, as the catalogue promises them. */
export class MemoryRotationCatalog implements RotationCatalog {
  status: BackupState = 'completed';
  fence: number;
  due = false;
  keyIds: readonly string[] = [];
  /** The holder of the use, by the number of his taking; null: nobody. */
  user: number | null = null;
  commit: { readonly attempt: number; readonly bytes: string };
  readonly holds: string[] = [];
  #uses = 0;

  constructor(attempt: number, bytes: string) {
    this.fence = attempt;
    this.commit = { attempt, bytes };
  }

  /** The lease of whoever holds the use has stood still. */
  expire(): void {
    this.user = null;
  }

  requireStore(): Promise<void> {
    return Promise.resolve();
  }

  keysOf(_backupId: string, keyIds: readonly string[]): Promise<void> {
    this.keyIds = keyIds;
    return Promise.resolve();
  }

  async hold<T>(
    backupId: string,
    kind: 'rotation' | 'rewrite',
    act: (held: { readonly signal: AbortSignal; readonly record: RewriteJournal | null }) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | 'gone'> {
    this.holds.push(`${kind} ${backupId}`);
    await Promise.resolve();
    if (this.status !== 'completed') return 'gone';
    if (this.user !== null) throw new AppError({ code: 'backup/refused', stage: 'keys', message: 'it is in use' });
    const mine = (this.#uses += 1);
    this.user = mine;
    try {
      return await act({ signal, record: kind === 'rewrite' ? this.journalOf(mine) : null });
    } finally {
      if (this.user === mine) this.user = null;
    }
  }

  /** What the record says, for whoever settles it. */
  journalOf(user: number): RewriteJournal {
    const isHeld = () => this.user === user;
    const check = (): void => {
      if (isHeld() && (this.status === 'completed' || this.status === 'deleting')) return;
      throw new AppError({ code: 'run/fenced', stage: 'claim', message: 'the use was lost' });
    };
    return {
      raiseAbove: async (attempt) => {
        await Promise.resolve();
        check();
        this.fence = Math.max(this.fence, attempt) + 1;
        return this.fence;
      },
      record: async (attempt, bytes) => {
        await Promise.resolve();
        check();
        this.commit = { attempt, bytes: bytes.toString() };
        this.due = true;
      },
      look: async () => {
        await Promise.resolve();
        const fence = isHeld() ? this.fence : this.fence + 1;
        return { fence, status: this.status, commit: { attempt: this.commit.attempt } };
      },
      commit: async () => {
        await Promise.resolve();
        return { status: this.status, due: this.due, ...this.commit };
      },
      settled: async (attempt) => {
        await Promise.resolve();
        if (this.commit.attempt === attempt) this.due = false;
      },
    };
  }
}
