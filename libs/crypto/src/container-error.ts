import { AppError, type ErrorCode } from '#contracts';

type ContainerCode = Extract<ErrorCode, `container/${string}`>;

const hints: Record<ContainerCode, string> = {
  'container/not-a-container': 'The file is something else, or its beginning is lost: restore another backup',
  'container/unsupported': 'It was made by a newer version: use that version to open it',
  'container/bad-header':
    'The header is damaged; a header sidecar (header.hzn) may stand in for it, else restore another backup',
  'container/no-key': 'Set BACKUP_ENCRYPTION_KEY (or BACKUP_ENCRYPTION_KEYS_RETIRED) to the key with one of these ids',
  'container/wrong-key': 'It is the wrong key, or the header is damaged: check the key first, then try another backup',
  'container/foreign-header': 'The sidecar belongs to another file: take the one that lies beside this file',
  'container/not-the-one-asked-for': 'Somebody put another file in its place: restore another backup',
  'container/corrupt': 'The file was changed or damaged where it lies: restore another backup',
  'container/truncated': 'The end of the file is missing: restore another backup, or fetch the file again',
};

export function containerError(
  code: ContainerCode,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): AppError {
  return new AppError({ code, stage: 'open', message, hint: hints[code], details });
}
