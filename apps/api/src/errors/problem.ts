import { HttpException } from '@nestjs/common';
import { AppError, type ErrorCode } from '#contracts';
import { codeOfStatus, statusOfCode } from './status-of-code.js';

/** One field of a request that was refused. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** RFC 9457. Extensions of single problems (`runningId`, `retryAfter` …) stand beside these. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly correlationId: string;
  readonly errors?: readonly FieldError[];
  readonly [extension: string]: unknown;
}

export const problemMediaType = 'application/problem+json';
const base = 'https://hazina.dev/problems/';

export function problemType(code: ErrorCode): string {
  return base + code.replaceAll('/', '-');
}

const titles: Partial<Record<ErrorCode, string>> = {
  'auth/unauthorized': 'No valid token',
  'auth/forbidden': 'Not allowed for this role',
  'auth/too-many-requests': 'Too many requests',
  'auth/keys-unavailable': 'Tokens cannot be verified now',
  'token/too-old': 'The token is too old for this',
  'request/invalid': 'The request is not valid',
  'request/unsupported': 'Not supported here',
  'request/not-found': 'There is no such route',
  'request/method-not-allowed': 'Not by this method',
  'auth/login-off': 'The built-in login is off',
  'cleanup/not-found': 'There is no such cleanup',
  'rotation/not-found': 'There is no such rotation',
  'sync/not-found': 'There is no such sync',
  'drill/not-found': 'There is no such drill',
  'schedule/not-found': 'There is no such schedule',
  'request/too-large': 'The request is too large',
  'request/timeout': 'No answer in time',
  'request/idempotency-conflict': 'The same request is under way',
  'request/idempotency-mismatch': 'The key stands for another request',
  'run/cancelled': 'No answer in time',
  'backup/not-found': 'There is no such backup',
  'backup/already-running': 'A backup of this target is running',
  'backup/not-completed': 'The backup is not completed',
  'backup/object-missing': 'The backup is no longer in the store',
  'backup/refused': 'Refused for safety',
  'target/unknown': 'There is no such target',
  'events/unavailable': 'No more listeners here',
  'restore/not-found': 'There is no such restore',
  'restore/busy': 'A restore into this target is running',
  'restore/confirmation-needed': 'Confirmation needed',
  'restore/refused': 'Not possible any more',
  'queue/unavailable': 'The queue does not answer',
  'catalog/unavailable': 'The catalogue does not answer',
  'internal/unexpected': 'Something went wrong here',
};

/** Details of an AppError that clients may see beside the problem's own fields; everything else in `details` is for logs. */
const publicDetails = ['errors', 'runningId', 'retryAfter'] as const;
export type PublicDetail = (typeof publicDetails)[number];

/** What any thrown value tells a client: never a stack, and nothing of an error that was not made for people. */
export function problemOf(thrown: unknown, at: { readonly instance: string; readonly correlationId: string }): Problem {
  const refusal = statusOfFramework(thrown);
  const error = refusal === undefined ? readable(thrown) : ofFramework(refusal);
  const status = refusal ?? statusOfCode(error.code);
  const extensions = Object.fromEntries(
    publicDetails.flatMap((name) => (name in error.details ? [[name, error.details[name]]] : [])),
  );
  const hint = error.hint === undefined ? '' : `. ${error.hint}`;
  return {
    type: problemType(error.code),
    title: titles[error.code] ?? 'Not possible now',
    status,
    detail: error.message + hint,
    ...at,
    ...extensions,
  };
}

function readable(thrown: unknown): AppError {
  const error = AppError.from(thrown, 'request');
  if (error.code !== 'internal/unexpected') return error;
  return new AppError({
    code: 'internal/unexpected',
    stage: 'request',
    message: 'The request could not be carried out',
    hint: 'The log tells more under the correlation id',
  });
}

/** The status of what Nest, Express or the body parser refused by themselves. */
export function statusOfFramework(thrown: unknown): number | undefined {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (!(thrown instanceof Error) || thrown instanceof AppError || !('status' in thrown)) return undefined;
  const { status } = thrown;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

const unusable: Readonly<Record<number, string>> = {
  400: 'The body or the path is malformed',
  416: 'The range lies outside of the file',
};

const nextSteps: Readonly<Record<number, string>> = {
  408: 'Send it again, all at once',
  413: 'Send less: no body of this API is that large',
  416: 'GET the file without a Range to learn its size',
};

function ofFramework(status: number): AppError {
  const code = codeOfStatus(status);
  // Its own text may quote what a client sent, or name classes of ours.
  const messages: Partial<Record<ErrorCode, string>> = {
    'request/not-found': 'Nothing is served under this path',
    'request/method-not-allowed': 'The path is served by other methods: the Allow header names them',
    'request/too-large': 'The body has more than the 64 KiB that are taken',
    'request/timeout': status === 408 ? 'The request did not arrive in time' : 'There was no answer in time',
    'request/invalid': unusable[status] ?? 'The request cannot be taken in this form',
  };
  return new AppError({
    code,
    stage: 'request',
    message: messages[code] ?? titles[code] ?? 'The request was refused',
    hint: nextSteps[status] ?? 'The OpenAPI document (/docs-json) tells what each route takes',
  });
}
