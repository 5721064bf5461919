import { Logger } from 'nestjs-pino';

/** Nest's own lines: what it says of every route and module at start-up is for debugging. */
export class FrameworkLog extends Logger {
  override log(message: unknown, ...more: unknown[]): void {
    this.debug(message, ...more);
  }
}
