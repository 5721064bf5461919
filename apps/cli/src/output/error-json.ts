import type { AppError } from '#contracts';

/** An error as a part of what a command prints with --json; null where there is none. */
export function errorJson(error: AppError | null) {
  return error === null ? null : { code: error.code, message: error.message, hint: error.hint ?? null };
}
