import { setTimeout as delay } from 'node:timers/promises';
import { AppError, throwIfAborted } from '#contracts';
import type { WorkerCore } from './worker-core.js';

/** What the worker cannot start without: tried until it is there, for as long as it takes, and said so. What no repetition mends is thrown. */
export async function waitFor<T>(
  what: string,
  reach: () => Promise<T>,
  core: Pick<WorkerCore, 'log' | 'tuning'>,
  signal: AbortSignal,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    throwIfAborted(signal, 'config');
    try {
      const reached = await reach();
      if (tried > 1) core.log.info('reached', { what, tries: tried });
      return reached;
    } catch (thrown) {
      const error = AppError.from(thrown, 'config');
      if (error.retry !== 'retry' || signal.aborted) throw error;
      core.log.failure('waiting', error, 'config', { for: what, tries: tried });
    }
    await delay(core.tuning.startPauseMs, undefined, { signal }).catch(() => undefined);
  }
}
