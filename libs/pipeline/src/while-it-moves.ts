import { AppError } from '#contracts';

/**
 * Runs it, and gives it up when nothing has moved for long (`store/unreachable`): a file system that hangs hangs for ever, and listens to no signal. Only for what
 * leaves nothing half done when it is given up.
 */
export async function whileItMoves<T>(
  location: string,
  limitMs: number,
  signal: AbortSignal,
  run: (moved: () => void, running: AbortSignal) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  const timer = setTimeout(() => {
    stalled.abort(
      new AppError({
        ...{ code: 'store/unreachable', stage: 'store', retry: 'retry' },
        message: `${location} gave no answer for ${limitMs / 1000} s`,
        hint: 'Is the store running, and may this machine connect to it? hazina storage check tells',
      }),
    );
  }, limitMs);
  const given = new Promise<never>((_resolve, reject) => {
    stalled.signal.addEventListener('abort', () => reject(stalled.signal.reason as AppError), { once: true });
  });
  try {
    return await Promise.race([run(() => timer.refresh(), AbortSignal.any([signal, stalled.signal])), given]);
  } finally {
    clearTimeout(timer);
  }
}
