import { AppError } from '#contracts';
import { within } from './within.js';

/** Asks a store, and takes one that hangs for one that is away: a file system that hangs listens to no signal. */
export async function withinTime<T>(
  location: string,
  ms: number,
  signal: AbortSignal,
  ask: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const asked = ask(AbortSignal.any([signal, AbortSignal.timeout(ms)]));
  if (await within(ms, asked)) return asked;
  asked.catch(() => undefined);
  throw new AppError({
    ...{ code: 'store/unreachable', stage: 'store', retry: 'retry' },
    message: `${location} gave no answer within ${ms / 1000} s`,
    hint: 'Is the store running, and may this machine connect to it? hazina storage check tells; the next place that has the backup is tried',
  });
}
