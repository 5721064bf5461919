import { Readable } from 'node:stream';
import { AppError, cancelled } from '#contracts';
import { translateS3Error } from './translate-error.js';

export interface BodyOptions {
  readonly what: string;
  /** Bytes that the store promised. */
  readonly bytes: number;
  readonly location: string;
  readonly signal: AbortSignal | undefined;
}

/** The body of a reply: its errors are ours, an abort ends it, and fewer bytes than promised are an error. */
export function readBody(body: Readable, options: BodyOptions): Readable {
  return Readable.from(read(body, options), { objectMode: false, highWaterMark: 1024 * 1024 });
}

async function* read(body: Readable, { what, bytes, location, signal }: BodyOptions): AsyncGenerator<Buffer> {
  const onAbort = (): void => void body.destroy(new Error('aborted'));
  signal?.addEventListener('abort', onAbort, { once: true });
  let given = 0;
  try {
    for await (const chunk of body) {
      given += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  } catch (error) {
    if (signal?.aborted === true) throw cancelled(signal, 'store');
    throw translateS3Error(error, what, location);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    body.destroy();
  }
  if (given === bytes) return;
  throw new AppError({
    code: 'store/unreachable',
    stage: 'store',
    retry: 'retry',
    message: `${what} in ${location} broke off after ${given} of ${bytes} bytes`,
    hint: 'The connection was cut: try again',
  });
}
