import type { Logger } from 'pino';
import { AppError } from '#contracts';
import { createLog, RecentLines, toStandardOutput, type LogOptions } from '#logging';
import type { AlertLog } from '#notify';

/** What this service says in its own words; the framework's lines go to the same log. */
export class ServiceLog {
  /** A child has a level of its own, which no change of the log's own touches. */
  readonly #evidence: Logger;

  constructor(
    readonly pino: Logger,
    /** What was written last. */
    readonly recent = new RecentLines(),
  ) {
    this.#evidence = pino.child({});
    // Set after it was made: a child that begins with its parent's level follows it. Who configures a process without a log has none.
    this.#evidence.level = pino.level === 'silent' ? 'silent' : 'info';
  }

  /** A log that remembers its newest lines. */
  static open({ write = toStandardOutput, ...options }: LogOptions): ServiceLog {
    const recent = new RecentLines();
    const both = (line: string): void => {
      recent.push(line);
      write(line);
    };
    return new ServiceLog(createLog({ ...options, write: both }), recent);
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

  /** What others compare with later: written at every level but a configured `silent`, so that nobody who may change the level hides anything by it. */
  evidence(message: string, fields: object = {}): void {
    this.#evidence.info(fields, message);
  }

  /** Where alerts go when no channel is configured. */
  alerts(): AlertLog {
    return (alert) =>
      this.pino.warn({ notificationId: alert.notificationId, text: alert.text }, `alert: ${alert.subject}`);
  }

  /** An error that a person should look at: what failed outside is a warning, what should not happen an error with its stack. */
  failure(thrown: unknown, fields: object = {}): void {
    tellFailure(this.pino, thrown, fields);
  }

  /** The same of what is kept nowhere else now: like evidence, at every level. */
  loss(thrown: unknown, fields: object): void {
    tellFailure(this.#evidence, thrown, fields);
  }
}

function tellFailure(log: Logger, thrown: unknown, fields: object): void {
  const error = AppError.from(thrown, 'request');
  const known = { code: error.code, stage: error.stage, hint: error.hint, ...fields };
  if (error.code === 'internal/unexpected') log.error({ ...known, err: error.cause ?? error }, error.message);
  else log.warn(known, error.message);
}
