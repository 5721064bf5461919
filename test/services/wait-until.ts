import { messageOf, ServiceError } from './service-error.js';

export interface WaitOptions {
  /** What is waited for, as it reads after "waited in vain for". */
  readonly what: string;
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Pause between two looks; default 25. */
  readonly intervalMs?: number;
  /** Added to the message of a failure, for instance the end of a log. */
  readonly onTimeout?: () => string;
}

/**
 * Polls until the condition gives something other than `false`, `null` or `undefined`, and returns that.
 * A condition that throws counts as not met; its last error is the cause of the failure when time is up.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      lastError = undefined;
      if (isMet(value)) return value;
    } catch (error) {
      if (error instanceof StopWaiting) throw error.reason;
      lastError = error;
    }
    if (performance.now() >= deadline) break;
    await pause(options.intervalMs ?? 25);
  }
  const last = lastError === undefined ? '' : ` (last error: ${messageOf(lastError)})`;
  const more = options.onTimeout?.() ?? '';
  throw new ServiceError(
    `Waited in vain for ${options.what}: not so after ${timeoutMs / 1000} s${last}${more === '' ? '' : `\n${more}`}`,
    undefined,
    lastError,
  );
}

/** Thrown by a condition that can never be met any more: ends the wait with the given error. */
export class StopWaiting extends Error {
  readonly reason: Error;

  constructor(reason: Error) {
    super(reason.message);
    this.reason = reason;
  }
}

function isMet<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
