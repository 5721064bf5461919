/** An expected failure of the test services: what is missing or broken, and the next step. */
export class ServiceError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ServiceError';
    this.hint = hint;
  }
}

/** Message and hint for a terminal; the stack only of what nobody expected. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describeError).join('\n');
  if (error instanceof ServiceError) {
    return error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The message of anything thrown. Not by instanceof: within Jest the errors of Node's own modules are of another realm. */
export function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}

/** A connection string for messages: without user and password. */
export function withoutCredentials(uri: string): string {
  return uri.replace(/\/\/.*@/, '//***@');
}
