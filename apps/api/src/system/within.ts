import { AppError } from '#contracts';

/** The work's outcome as a text for people, or `null` when it ended well; never later than the limit, whatever it waits for. */
export async function troubleWithin(milliseconds: number, work: () => Promise<unknown>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${milliseconds / 1000} s`), milliseconds);
  });
  const outcome = work().then(
    () => null,
    (thrown: unknown) => {
      const { code, message } = AppError.from(thrown, 'request');
      return code === 'internal/unexpected' ? 'an unexpected error, see the log' : `${code}: ${message}`;
    },
  );
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}
