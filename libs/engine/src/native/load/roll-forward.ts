import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '#contracts';
import type { Lease } from './lease-watch.js';
import { unfinished, type Named } from './load-endings.js';
import { onTarget } from './target-errors.js';

const renameAttempts = 3;
const renameRetryMs = 1000;

/** What follows the first rename. Every step may be done twice: what may pass is tried again at once, the rest by the next run. */
export async function rollForward<T>(
  lease: Lease,
  steps: () => Promise<T>,
  named: () => Named | null = () => null,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await onTarget('rename', steps);
    } catch (error) {
      if (error instanceof AppError && (error.code === 'restore/busy' || error.code === 'restore/unfinished'))
        throw error;
      const again = error instanceof AppError && error.retry === 'retry' && attempt < renameAttempts;
      if (!again) throw unfinished(error, lease, named());
      await delay(renameRetryMs);
    }
  }
}
