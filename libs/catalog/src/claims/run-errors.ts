import { AppError } from '#contracts';

// Why a run ended that did not end by itself: the reasons that its signal is aborted with, and what its record says of it when the lease ran out.

export function fenced(id: string, why: string): AppError {
  return new AppError({
    code: 'run/fenced',
    stage: 'claim',
    message: `The claim of ${id} is lost: ${why}`,
    hint: 'This run writes nothing any more; the record tells who has taken over',
  });
}

export function cancelWished(id: string): AppError {
  return new AppError({
    code: 'run/cancelled',
    stage: 'claim',
    message: `${id} was cancelled`,
    hint: 'Start it anew when it is wanted; the audit log names who cancelled it',
  });
}

export function shuttingDown(id: string): AppError {
  return new AppError({
    code: 'worker-shutdown',
    stage: 'claim',
    retry: 'retry',
    message: `The worker was stopped while ${id} ran`,
    hint: 'Nothing to do: it goes back to the queue, and counts as no failure',
  });
}

/** Why a run does nothing but look after what earlier ones left. */
export function lostTooOften(id: string): AppError {
  return new AppError({
    code: 'worker-lost',
    stage: 'claim',
    message: `The workers of ${id} stopped without a result too often: it is not tried again`,
    hint: 'Were they killed, or out of memory? Their logs and the log of the system tell',
  });
}

/** What a record says whose lease ran out; `what` names it where its last owner is not known. */
export function workerLost(owner: string | null, what: string): AppError {
  return new AppError({
    code: 'worker-lost',
    stage: 'claim',
    retry: 'retry',
    message: `The worker ${owner ?? `of this ${what}`} stopped without a result`,
    hint: 'Was it killed, or out of memory? Its log and the log of the system tell',
  });
}
