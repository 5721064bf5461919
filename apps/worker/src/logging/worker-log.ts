import type { Logger } from 'pino';
import { AppError, type Stage } from '#contracts';
import type { AlertLog } from '#notify';

/** What the worker says, in its own words. */
export class WorkerLog {
  constructor(readonly pino: Logger) {}

  /** For a run: every line of it carries its ids. */
  child(fields: object): WorkerLog {
    return new WorkerLog(this.pino.child(fields));
  }

  debug(message: string, fields: object = {}): void {
    this.pino.debug(fields, message);
  }

  info(message: string, fields: object = {}): void {
    this.pino.info(fields, message);
  }

  warn(message: string, fields: object = {}): void {
    this.pino.warn(fields, message);
  }

  error(message: string, fields: object = {}): void {
    this.pino.error(fields, message);
  }

  /** Where alerts go when no channel is configured. */
  alerts(): AlertLog {
    return (alert) => this.pino.warn(alert, 'alert');
  }

  /** One line for one failure: what failed outside is a warning, what should not happen an error with its stack. */
  failure(message: string, thrown: unknown, stage: Stage, fields: object = {}): void {
    const error = AppError.from(thrown, stage);
    const { code, hint, retry, message: reason } = error;
    const known = { code, stage: error.stage, reason, hint, retryable: retry === 'retry', ...fields };
    if (code === 'internal/unexpected') this.pino.error({ ...known, err: error.cause ?? error }, message);
    else this.pino.warn(known, message);
  }
}
