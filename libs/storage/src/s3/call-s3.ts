import { cancelled, throwIfAborted } from '#contracts';
import { translateS3Error } from './translate-error.js';

export interface Call {
  /** Completes "… failed", for people. */
  readonly what: string;
  readonly location: string;
  readonly signal: AbortSignal | undefined;
}

/** One piece of work with the SDK: its errors are ours, and an abort is one. */
export async function callS3<T>(
  { what, location, signal }: Call,
  send: (options: { abortSignal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal, 'store');
  try {
    return await send(signal === undefined ? {} : { abortSignal: signal });
  } catch (error) {
    if (signal?.aborted === true) throw cancelled(signal, 'store');
    throw translateS3Error(error, what, location);
  }
}
