import { AppError } from '#contracts';
import { within } from './within.js';

const usualHint =
  'Is the store running, and may this machine connect to it? hazina storage check tells; the next place that has the backup is tried';

/** Asks a store, and takes one that hangs for one that is away: a file system that hangs listens to no signal. `hint`: what to do then. */
export async function withinTime<T>(
  location: string,
  ms: number,
  signal: AbortSignal,
  ask: (limit: AbortSignal) => Promise<T>,
  hint = usualHint,
): Promise<T> {
  const limit = AbortSignal.timeout(ms);
  // What is broken off by the limit is as late as what goes on.
  const asked = ask(AbortSignal.any([signal, limit])).catch((error: unknown) => {
    throw limit.aborted && !signal.aborted ? late() : error;
  });
  if (await within(ms, asked)) return asked;
  asked.catch(() => undefined);
  throw late();

  function late(): AppError {
    return new AppError({
      ...{ code: 'store/unreachable', stage: 'store', retry: 'retry' },
      message: `${location} gave no answer within ${ms / 1000} s`,
      hint,
    });
  }
}
