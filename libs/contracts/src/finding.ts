import { AppError, cancelled } from './app-error.js';
import type { ErrorCode } from './error-codes.js';

export const findingStates = ['ok', 'warning', 'error', 'skipped'] as const;
export type FindingState = (typeof findingStates)[number];

/** What one look at an installation found, and what to do: a line of `hazina doctor`, an entry of `GET system`. Never holds a secret. */
export interface Finding {
  /** Stable, for scripts. What there is several of is named after it: `source clinic`. */
  readonly name: string;
  readonly status: FindingState;
  readonly detail: string;
  /** What to do; null where there is nothing to do. */
  readonly hint: string | null;
  /** Why, of an error. */
  readonly code: ErrorCode | null;
}

export function found(name: string, detail: string): Finding {
  return { name, status: 'ok', detail, hint: null, code: null };
}

/** It works, and should not stay so. */
export function doubtful(name: string, detail: string, hint: string): Finding {
  return { name, status: 'warning', detail, hint, code: null };
}

/** Backups or restores will fail. */
export function wrong(name: string, { code, message, hint }: AppError): Finding {
  return { name, status: 'error', detail: message, hint: hint ?? 'See docs/troubleshooting.md', code };
}

/** Nothing to look at, or nobody tells. */
export function skipped(name: string, detail: string, hint: string | null = null): Finding {
  return { name, status: 'skipped', detail, hint, code: null };
}

export interface LookOptions {
  /** Of the finding when the look fails as a whole. */
  readonly name: string;
  /** A look that takes longer is an error with this code. */
  readonly limitMs: number;
  readonly lateCode: ErrorCode;
  readonly lateHint: string;
  /** Ends the look as a whole (Ctrl-C): `run/cancelled`. */
  readonly signal: AbortSignal;
}

/** Makes a look that ends in time whatever it waits for, and that never fails: what it throws is its finding. Throws `run/cancelled` alone. */
export async function lookWithin(
  options: LookOptions,
  look: (signal: AbortSignal) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const { name, limitMs, signal } = options;
  const late = new AbortController();
  const tooLate = new AppError({
    code: options.lateCode,
    stage: 'probe',
    message: `No answer within ${limitMs / 1000} s`,
    hint: options.lateHint,
  });
  let onAbort: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      late.abort(tooLate);
      reject(tooLate);
    }, limitMs);
    onAbort = () => reject(cancelled(signal, 'probe'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const looking = look(AbortSignal.any([signal, late.signal]));
    // What becomes of it after the limit was told already.
    looking.catch(() => undefined);
    return await Promise.race([looking, ended]);
  } catch (thrown) {
    if (signal.aborted) throw cancelled(signal, 'probe');
    return [wrong(name, late.signal.aborted ? tooLate : AppError.from(thrown, 'probe'))];
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
