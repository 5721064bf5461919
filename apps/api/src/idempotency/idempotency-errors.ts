import { AppError } from '#contracts';

export function sameRequestRuns(): AppError {
  return new AppError({
    code: 'request/idempotency-conflict',
    stage: 'request',
    message: 'A request with this Idempotency-Key is under way',
    hint: 'Ask again in a moment: the answer will be the same as that of the first',
    retry: 'retry',
    details: { retryAfter: 1 },
  });
}

export function otherRequest(): AppError {
  return new AppError({
    code: 'request/idempotency-mismatch',
    stage: 'request',
    message: 'This Idempotency-Key was used for another request within the last 24 hours',
    hint: 'Use a new key for a new request',
  });
}
