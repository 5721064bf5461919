import { AppError, messageOf, systemCode, type ErrorCode } from '#contracts';

const meanings: Readonly<Record<string, [ErrorCode, string]>> = {
  ENOSPC: ['store/full', 'The disk is full: make room, or choose another BACKUP_DIRECTORY'],
  EDQUOT: ['store/full', 'The quota is used up: make room, or choose another BACKUP_DIRECTORY'],
  EFBIG: ['store/full', 'The file system takes no file that large'],
  EACCES: ['store/refused', 'Give the user that runs hazina the right to read and write this folder'],
  EPERM: ['store/refused', 'Give the user that runs hazina the right to read and write this folder'],
  EROFS: ['store/refused', 'The file system is mounted read-only'],
  ENOTDIR: ['store/refused', 'BACKUP_DIRECTORY must be a folder, and so must every part of its path'],
  EISDIR: ['store/refused', 'A folder stands where a file should: somebody else writes into this folder'],
  ELOOP: ['store/refused', 'A symbolic link stands in the way: backups are not written through links'],
  EIO: ['store/unreachable', 'The disk reports errors: look at the system log'],
  ESTALE: ['store/unreachable', 'The network file system has lost the folder: mount it again'],
  ENOTCONN: ['store/unreachable', 'The network file system has lost its server: mount it again'],
};

/** An error of the file system as one of ours; every other error as it is. */
export function translateFileError(error: unknown, what: string, location: string): unknown {
  const code = systemCode(error);
  if (error instanceof AppError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const [errorCode, hint] = meanings[code] ?? ['store/failed', 'Run hazina storage check'];
  return new AppError({
    code: errorCode,
    stage: 'store',
    retry: errorCode === 'store/unreachable' ? 'retry' : 'no-retry',
    message: `${what} in ${location} failed: ${messageOf(error)}`,
    hint,
    cause: error,
  });
}
