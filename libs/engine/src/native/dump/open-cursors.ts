import type { Db, Long } from 'mongodb';

interface OpenCursor {
  readonly db: Db;
  readonly collection: string;
  readonly cursorId: Long;
}

const patienceMs = 1000;

/** Cursors that the server holds for us. It keeps an abandoned one, and what it pins, for up to ten minutes. */
export class OpenCursors {
  readonly #open = new Map<bigint, OpenCursor>();

  /** Of every reply: one that is exhausted is forgotten. */
  note(cursor: OpenCursor, previous?: Long): void {
    if (previous !== undefined) this.#open.delete(previous.toBigInt());
    if (!cursor.cursorId.isZero()) this.#open.set(cursor.cursorId.toBigInt(), cursor);
  }

  /** Ends those that are left, as far as the server answers soon; never fails: the server ends them by itself later. */
  async kill(): Promise<void> {
    const kills = [...this.#open.values()].map(({ db, collection, cursorId }) =>
      db.command({ killCursors: collection, cursors: [cursorId] }).catch(() => undefined),
    );
    this.#open.clear();
    if (kills.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([Promise.all(kills), patience]);
    clearTimeout(timer);
  }
}
