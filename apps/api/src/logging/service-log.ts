import type { Logger } from 'pino';
import { AppError } from '#contracts';
import { createLog, RecentLines, type LogOptions } from '#logging';
import type { AlertLog } from '#notify';

/** What this service says in its own words; the framework's lines go to the same log. */
export class ServiceLog {
  constructor(
    readonly pino: Logger,
    /** What was written last. */
    readonly recent = new RecentLines(),
  ) {}

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

  /** Where alerts go when no channel is configured. */
  alerts(): AlertLog {
    return (alert) =>
      this.pino.warn({ notificationId: alert.notificationId, text: alert.text }, `alert: ${alert.subject}`);
  }

  /** An error that a person should look at: what failed outside is a warning, what should not happen an error with its stack. */
  failure(thrown: unknown, fields: object = {}): void {
    const error = AppError.from(thrown, 'request');
    const known = { code: error.code, stage: error.stage, hint: error.hint, ...fields };
    if (error.code === 'internal/unexpected') this.pino.error({ ...known, err: error.cause ?? error }, error.message);
    else this.pino.warn(known, error.message);
  }
}

function toStandardOutput(line: string): void {
  process.stdout.write(line);
}
