import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from '#config';
import { scrub } from './scrub.js';

export interface LogOptions {
  readonly level: LogLevel;
  readonly version: string;
  /** Where lines go; default standard output. */
  readonly write?: ((line: string) => void) | undefined;
}

const secretFields = ['password', 'authorization', 'token', 'secret', 'uri', 'url'];

/** JSON lines without secrets. What belongs to a run carries its ids: its log is a child of this one. */
export function createLog({ level, version, write = toStandardOutput }: LogOptions): Logger {
  const destination: DestinationStream = { write: (line) => write(scrub(line)) };
  return pino(
    {
      level,
      base: { service: 'hazina-worker', version, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination,
  );
}

function toStandardOutput(line: string): void {
  process.stdout.write(line);
}
