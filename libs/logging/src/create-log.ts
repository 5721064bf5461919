import { pino, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';
import { scrub } from '#contracts';
import { toStandardOutput } from './standard-output.js';

export interface LogOptions {
  /** `hazina-api`, `hazina-worker`. */
  readonly service: string;
  readonly level: LevelWithSilent;
  readonly version: string;
  /** Where lines go; default standard output. */
  readonly write?: ((line: string) => void) | undefined;
  /** Of the request that is being served, where there is one. */
  readonly correlationId?: () => string | undefined;
}

const secretFields = ['password', 'authorization', 'cookie', 'token', 'accessToken', 'secret', 'uri', 'url'];

/** JSON lines without secrets. What belongs to a run carries its ids: its log is a child of this one. */
export function createLog(options: LogOptions): Logger {
  const { service, level, version, write = toStandardOutput, correlationId = () => undefined } = options;
  const destination: DestinationStream = { write: (line) => write(scrub(line)) };
  return pino(
    {
      level,
      base: { service, version, pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const id = correlationId();
        return id === undefined ? {} : { correlationId: id };
      },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination,
  );
}
