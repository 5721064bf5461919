import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from '#config';
import { currentCorrelationId } from '../http/request-context.js';
import { scrub } from './scrub.js';

export interface LogOptions {
  readonly level: LogLevel;
  readonly version: string;
  /** Where lines go; default standard output. */
  readonly write?: (line: string) => void;
}

const secretFields = ['password', 'authorization', 'cookie', 'token', 'accessToken', 'secret', 'uri', 'url'];

/** JSON lines with the correlation id of the request that caused them, and without secrets. */
export function createLog({ level, version, write = toStandardOutput }: LogOptions): Logger {
  const destination: DestinationStream = { write: (line) => write(scrub(line)) };
  return pino(
    {
      level,
      base: { service: 'hazina-api', version, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const correlationId = currentCorrelationId();
        return correlationId === undefined ? {} : { correlationId };
      },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination,
  );
}

function toStandardOutput(line: string): void {
  process.stdout.write(line);
}
