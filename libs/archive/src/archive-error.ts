import { AppError } from '#contracts';

/** The verdicts on a damaged archive; each is the code `archive/<verdict>`. */
export type Verdict =
  | 'empty'
  | 'not-an-archive'
  | 'truncated'
  | 'corrupt-structure'
  | 'crc-mismatch'
  | 'missing-namespace-end'
  | 'trailing-data';

/** `offset`: where in the plain archive the damaged item begins. */
export function archiveError(verdict: Verdict, offset: number, what: string, cause?: unknown): AppError {
  return new AppError({
    code: `archive/${verdict}`,
    stage: 'archive',
    message: `The archive is damaged (${verdict}) at byte ${offset}: ${what}`,
    hint: 'Nothing of it can be trusted: use another backup. If it was just made, look at the disk, the memory and the program that wrote it',
    cause,
    details: { offset },
  });
}
