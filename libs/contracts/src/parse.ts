import type { z } from 'zod';
import { AppError } from './app-error.js';
import type { ErrorCode, Stage } from './error-codes.js';

/** What to call a text that is not what it should be. */
export interface ParseFailure {
  readonly code: ErrorCode;
  readonly stage: Stage;
  /** What is read, and where it lies: `backup.json of clinic-…`. */
  readonly what: string;
  readonly hint: string;
}

/** Bytes that should be a JSON text of the given form. Every violation is named with its path; values are not repeated. */
export function parseJson<T extends z.ZodType>(schema: T, bytes: Uint8Array, failure: ParseFailure): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refuse(failure, 'it is not JSON in UTF-8', error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  throw refuse(failure, problems.join('; '), undefined);
}

function refuse(failure: ParseFailure, why: string, cause: unknown): AppError {
  return new AppError({
    code: failure.code,
    stage: failure.stage,
    message: `${failure.what} cannot be read: ${why}`,
    hint: failure.hint,
    cause,
  });
}
