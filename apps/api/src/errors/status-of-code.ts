import { HttpStatus } from '@nestjs/common';
import type { ErrorCode } from '#contracts';

const exact: Partial<Record<ErrorCode, HttpStatus>> = {
  'auth/unauthorized': HttpStatus.UNAUTHORIZED,
  'auth/forbidden': HttpStatus.FORBIDDEN,
  'auth/too-many-requests': HttpStatus.TOO_MANY_REQUESTS,
  'auth/keys-unavailable': HttpStatus.SERVICE_UNAVAILABLE,
  'token/too-old': HttpStatus.FORBIDDEN,
  'request/invalid': HttpStatus.BAD_REQUEST,
  'request/unsupported': HttpStatus.UNPROCESSABLE_ENTITY,
  'request/not-found': HttpStatus.NOT_FOUND,
  'request/method-not-allowed': HttpStatus.METHOD_NOT_ALLOWED,
  'auth/login-off': HttpStatus.NOT_FOUND,
  'cleanup/not-found': HttpStatus.NOT_FOUND,
  'rotation/not-found': HttpStatus.NOT_FOUND,
  'sync/not-found': HttpStatus.NOT_FOUND,
  'drill/not-found': HttpStatus.NOT_FOUND,
  'schedule/not-found': HttpStatus.NOT_FOUND,
  'request/too-large': HttpStatus.PAYLOAD_TOO_LARGE,
  'request/timeout': HttpStatus.SERVICE_UNAVAILABLE,
  'request/idempotency-conflict': HttpStatus.CONFLICT,
  'request/idempotency-mismatch': HttpStatus.UNPROCESSABLE_ENTITY,
  'backup/not-found': HttpStatus.NOT_FOUND,
  'restore/not-found': HttpStatus.NOT_FOUND,
  'restore/confirmation-needed': HttpStatus.UNPROCESSABLE_ENTITY,
  'backup/object-missing': HttpStatus.GONE,
  'backup/missing': HttpStatus.GONE,
  'store/no-object': HttpStatus.GONE,
  'store/cold': HttpStatus.CONFLICT,
  'store/locked': HttpStatus.CONFLICT,
  'keys/differ': HttpStatus.CONFLICT,
  'target/unknown': HttpStatus.UNPROCESSABLE_ENTITY,
  // The API runs nothing: what it cancels is a question that was not answered in time.
  'run/cancelled': HttpStatus.SERVICE_UNAVAILABLE,
  'internal/unexpected': HttpStatus.INTERNAL_SERVER_ERROR,
};

/** By the part of a code before its slash. What another system does to us is 503: asking again later may help. */
const byArea: Readonly<Record<string, HttpStatus>> = {
  backup: HttpStatus.CONFLICT,
  restore: HttpStatus.CONFLICT,
  catalog: HttpStatus.SERVICE_UNAVAILABLE,
  events: HttpStatus.SERVICE_UNAVAILABLE,
  queue: HttpStatus.SERVICE_UNAVAILABLE,
  store: HttpStatus.SERVICE_UNAVAILABLE,
};

/** The one table from codes to statuses (spec/api.md). */
export function statusOfCode(code: ErrorCode): HttpStatus {
  return exact[code] ?? byArea[code.split('/')[0] ?? ''] ?? HttpStatus.INTERNAL_SERVER_ERROR;
}

/** The code of what the framework refused by itself: malformed JSON, an unknown route, a body that is too large. */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'auth/unauthorized';
    case 403:
      return 'auth/forbidden';
    case 404:
      return 'request/not-found';
    case 405:
      return 'request/method-not-allowed';
    case 408:
    case 503:
      return 'request/timeout';
    case 413:
      return 'request/too-large';
    case 429:
      return 'auth/too-many-requests';
    default:
      return status >= 400 && status < 500 ? 'request/invalid' : 'internal/unexpected';
  }
}
