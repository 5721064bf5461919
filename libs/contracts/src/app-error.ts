import { messageOf } from './error-code.js';
import type { ErrorCode, Stage } from './error-codes.js';

/** May the same call succeed when it is made again? The class decides, never the text of a message. */
export type RetryClass = 'retry' | 'no-retry';

export interface AppErrorInit {
  readonly code: ErrorCode;
  readonly stage: Stage;
  /** Cause and place, in a sentence without a secret. */
  readonly message: string;
  /** The next step for the reader of the message. Left out only by tests: a rule of the linter asks for it everywhere else. */
  readonly hint?: string;
  /** Default `no-retry`: retrying is a decision. */
  readonly retry?: RetryClass;
  readonly cause?: unknown;
  /** Facts for machines (byte offset, segment, namespace); never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error of this product. Made where the cause is known, translated once at each edge (CLI exit code, HTTP problem, job outcome). */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly hint: string | undefined;
  readonly retry: RetryClass;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(init: AppErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'AppError';
    this.code = init.code;
    this.stage = init.stage;
    this.hint = init.hint;
    this.retry = init.retry ?? 'no-retry';
    this.details = init.details ?? {};
  }

  /** Any thrown value as an AppError; one that is none becomes `internal/unexpected` of the given stage. */
  static from(error: unknown, stage: Stage): AppError {
    if (error instanceof AppError) return error;
    return new AppError({
      code: 'internal/unexpected',
      stage,
      message: messageOf(error),
      hint: 'A fault of Hazina itself: its log tells more; report it with those lines',
      cause: error,
    });
  }
}

/** Throws `run/cancelled` when the signal was aborted: by the reason given to `abort()`, when that is an AppError. */
export function throwIfAborted(signal: AbortSignal | undefined, stage: Stage): void {
  if (signal?.aborted !== true) return;
  throw cancelled(signal, stage);
}

/** The error that an aborted run ends with. */
export function cancelled(signal: AbortSignal, stage: Stage): AppError {
  if (signal.reason instanceof AppError) return signal.reason;
  return new AppError({
    code: 'run/cancelled',
    stage,
    message: 'The run was cancelled',
    hint: 'Start it anew when it is wanted',
    cause: signal.reason,
  });
}

/** What a run that broke off ends with: why it was aborted, which says more than what broke by it; else the error itself. */
export function causeOf(thrown: unknown, { aborted, reason }: AbortSignal, stage: Stage): AppError {
  return aborted && reason instanceof AppError ? reason : AppError.from(thrown, stage);
}
