import { AppError, messageOf, systemCode } from '#contracts';

const plainHint = 'Check that Redis runs and that REDIS_URL leads to it; work goes on by itself when it is back';

// Replies of Redis that say what to do; by their first word, which is stable.
const hints: readonly (readonly [RegExp, string])[] = [
  [/^OOM\b/, 'Redis has reached its maxmemory: give it more (eviction must stay off: maxmemory-policy noeviction)'],
  [/^(NOAUTH|WRONGPASS|NOPERM|ERR (invalid|AUTH))/, 'Check user, password and rights in REDIS_URL'],
  [/^(READONLY|MASTERDOWN)\b/, 'REDIS_URL leads to a replica: name the primary'],
  [/^MISCONF\b/, 'Redis cannot write to its disk: see its log'],
  [/^(LOADING|BUSY)\b/, 'Redis is busy starting or running a script: it answers again by itself'],
];

/** Why a call failed, for metrics: Redis has no memory left, answered with another refusal, did not answer in time, or was not reached. */
export const queueFailures = ['full', 'refused', 'late', 'unreachable'] as const;
export type QueueFailure = (typeof queueFailures)[number];

/** What a failed call says of Redis. */
export function failureOf(cause: unknown): QueueFailure {
  if (cause instanceof DeadlinePassed) return 'late';
  const reason = reasonOf(cause);
  if (reason.startsWith('OOM ')) return 'full';
  return cause instanceof Error && cause.name === 'ReplyError' ? 'refused' : 'unreachable';
}

/** Nothing came back in time. */
export class DeadlinePassed extends Error {}

/** The one error of everything that goes wrong with Redis: worth a retry, and without any part of the URL. */
export function unavailable(what: string, cause: unknown): AppError {
  const reason = reasonOf(cause);
  return new AppError({
    code: 'queue/unavailable',
    stage: 'queue',
    message: `The queue could not ${what}: ${reason}`,
    hint: hints.find(([pattern]) => pattern.test(reason))?.[1] ?? plainHint,
    retry: 'retry',
    // Not the cause itself: the client library hangs the command with its arguments on its errors, and AUTH has the password there.
    cause: new Error(reason),
  });
}

/** One line of text from anything thrown by the client library, with no credentials of a URL in it. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  const text = messageOf(cause).split('\n')[0] ?? '';
  const safe = text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, '$1[redacted]@').slice(0, 300);
  return safe === '' ? (systemCode(cause) ?? 'no reason was given') : safe;
}
