import type { LoggerService, NestApplicationOptions } from '@nestjs/common';
import type { Logger } from 'pino';

/** The framework's own lines, in the same log; what it tells of its start is for developers. */
export class NestLog implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...more: unknown[]): void {
    this.pino.debug(fieldsOf(more), String(message));
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.log(message, ...more);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.log(message, ...more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.pino.warn(fieldsOf(more), String(message));
  }

  error(message: unknown, ...more: unknown[]): void {
    this.pino.error(fieldsOf(more), String(message));
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.pino.fatal(fieldsOf(more), String(message));
  }
}

/** Nest gives the stack and then the name of the class that speaks. */
function fieldsOf(more: readonly unknown[]): object {
  const texts = more.filter((value) => typeof value === 'string');
  const context = texts.at(-1);
  return { context, ...(texts.length > 1 ? { stack: texts[0] } : {}) };
}

/** How both contexts of Nest are made: in our log, and an error in their making is thrown instead of ending the process. */
export function nestOptions(
  pino: Logger,
): Pick<NestApplicationOptions, 'logger' | 'abortOnError' | 'forceCloseConnections'> {
  return { logger: new NestLog(pino), abortOnError: false, forceCloseConnections: true };
}
