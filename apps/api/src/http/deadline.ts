import { AppError, type Clock } from '#contracts';

/** Until when a request must be answered (3 s, spec/api.md), a little earlier than promised. */
export interface Deadline {
  remainingMs(): number;
  /** True: the client has its answer already; what is half done must be taken back. */
  passed(): boolean;
  /** Aborts a little before the reply is due, with the error that the reply then is. */
  signal(): AbortSignal;
}

export const replyWithinMs = 2_800;
/** What the error still takes from where it is thrown to the reply. */
const marginMs = 100;

export function startDeadline(clock: Clock, milliseconds = replyWithinMs): Deadline {
  const end = clock.monotonicMs() + milliseconds;
  const remainingMs = (): number => Math.max(0, end - clock.monotonicMs());
  const signal = (): AbortSignal => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(tooLate()), Math.max(0, remainingMs() - marginMs)).unref();
    return controller.signal;
  };
  return { remainingMs, passed: () => remainingMs() === 0, signal };
}

/** What is not there when the reply is due is given up: `request/timeout`. For handlers that the interceptor does not end. */
export async function beforeDeadline<T>(deadline: Deadline, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate()), deadline.remainingMs());
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function tooLate(): AppError {
  return new AppError({
    code: 'request/timeout',
    stage: 'request',
    message: 'Something that the answer depends on did not answer in time',
    hint: '/health/ready tells what does not answer',
    retry: 'retry',
  });
}
