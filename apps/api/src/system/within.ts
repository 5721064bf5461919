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
      const { code, message, hint } = AppError.from(thrown, 'request');
      if (code === 'internal/unexpected') return 'an unexpected error, see the log';
      return hint === undefined ? `${code}: ${message}` : `${code}: ${message}. ${hint}`;
    },
  );
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}
