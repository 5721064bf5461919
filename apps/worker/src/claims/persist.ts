import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '#contracts';

export interface PersistOptions {
  readonly pauseMs: number;
  readonly mostMs: number;
  /** Aborted: no further try. */
  readonly signal: AbortSignal;
  readonly onTrouble: (error: AppError, tried: number) => void;
}

/** A write that must not be lost: tried until the catalogue takes or refuses it, or nobody waits any more. Throws the last error then. */
export async function persist<T>(write: () => Promise<T>, options: PersistOptions): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await write();
    } catch (thrown) {
      const error = AppError.from(thrown, 'catalog');
      if (error.retry !== 'retry' || isOver(options)) throw error;
      options.onTrouble(error, tried);
      const pauseMs = Math.min(options.pauseMs * 2 ** (tried - 1), options.mostMs);
      await delay(pauseMs, undefined, { signal: options.signal }).catch(() => undefined);
      if (isOver(options)) throw error;
    }
  }
}

function isOver({ signal }: PersistOptions): boolean {
  return signal.aborted;
}
