import { AppError } from '#contracts';

// Why a run is ended from outside: the reasons that its signal is aborted with.

export function fenced(id: string, why: string): AppError {
  return new AppError({
    code: 'run/fenced',
    stage: 'claim',
    message: `The claim of ${id} is lost: ${why}`,
    hint: 'This run writes nothing any more; the record tells who has taken over',
  });
}

export function cancelWished(id: string): AppError {
  return new AppError({ code: 'run/cancelled', stage: 'claim', message: `${id} was cancelled` });
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
