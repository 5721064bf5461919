import { AppError, type ErrorCode } from '#contracts';

/** The next step for whoever asked by HTTP: the engine's own hints name options of the command line. */
const hints: Partial<Record<ErrorCode, string>> = {
  'target/not-empty':
    'Restore beside it with rename, or over it with the mode replace; a dry run shows what is in the way',
  'cli/bad-arguments':
    'metadata.collections of the backup names what it holds; correct databases, include, exclude or rename',
};

export function inApiWords(error: AppError): AppError {
  const hint = hints[error.code];
  if (hint === undefined) return error;
  const { code, stage, message, retry, details } = error;
  return new AppError({ code, stage, message, hint, retry, details, cause: error });
}
