import { AppError, messageOf, type ErrorCode, type RetryClass } from '#contracts';

interface S3ErrorLike {
  readonly name?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

type Meaning = readonly [ErrorCode, RetryClass, string];

const rights = 'The credentials lack a right on this bucket: README.md names the rights that backups need';
const credentials = 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the role of this machine), and S3_ENDPOINT';

const authority =
  'If its certificate comes from a private authority, name that one in S3_CA_FILE (PEM); else somebody stands between, and nothing was sent';

const byName: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: [
    'store/no-bucket',
    'no-retry',
    'Make the bucket, or correct S3_BACKUP_BUCKET, AWS_REGION and S3_ENDPOINT',
  ],
  NoSuchKey: ['store/no-object', 'no-retry', 'It was removed, or never finished: hazina list shows what is there'],
  NoSuchUpload: ['store/failed', 'retry', 'The upload was aborted by somebody else: a lifecycle rule, or a sweep'],
  AccessDenied: ['store/refused', 'no-retry', rights],
  AllAccessDisabled: ['store/refused', 'no-retry', rights],
  InvalidAccessKeyId: ['store/refused', 'no-retry', credentials],
  // What versitygw calls it.
  XAdminUserNotFound: ['store/refused', 'no-retry', credentials],
  SignatureDoesNotMatch: ['store/refused', 'no-retry', credentials],
  InvalidToken: ['store/refused', 'no-retry', credentials],
  ExpiredToken: ['store/refused', 'no-retry', 'The temporary credentials have expired: get new ones'],
  CredentialsProviderError: [
    'store/refused',
    'no-retry',
    'No credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role',
  ],
  DestinationRefused: [
    'store/refused',
    'no-retry',
    'S3_ENDPOINT leads to where clouds keep credentials of machines, or to no single host: name the store itself',
  ],
  UntrustedServer: ['store/untrusted', 'no-retry', authority],
  RequestTimeTooSkewed: ['store/refused', 'no-retry', "This machine's clock is more than 15 minutes off: set it (NTP)"],
  PermanentRedirect: ['store/refused', 'no-retry', 'The bucket lies in another region: set AWS_REGION'],
  AuthorizationHeaderMalformed: ['store/refused', 'no-retry', 'The bucket lies in another region: set AWS_REGION'],
  PreconditionFailed: ['store/exists', 'no-retry', 'Nothing was overwritten'],
  ConditionalRequestConflict: ['store/exists', 'no-retry', 'Somebody else writes the same object'],
  QuotaExceeded: ['store/full', 'no-retry', 'The quota of the bucket is used up'],
  EntityTooLarge: ['store/full', 'no-retry', 'The store takes no object that large: raise S3_PART_SIZE'],
  InvalidObjectState: ['store/cold', 'no-retry', 'The object lies in a cold storage class: bring it back first'],
};

const byStatus: Readonly<Record<number, Meaning>> = {
  401: ['store/refused', 'no-retry', credentials],
  403: ['store/refused', 'no-retry', `${credentials}; ${rights}`],
  404: ['store/no-object', 'no-retry', 'It was removed, or never finished: hazina list shows what is there'],
  407: ['store/refused', 'no-retry', 'The proxy wants other credentials: correct those in S3_PROXY_URL or HTTPS_PROXY'],
  409: ['store/exists', 'no-retry', 'Somebody else writes the same object'],
  412: ['store/exists', 'no-retry', 'Nothing was overwritten'],
  507: ['store/full', 'no-retry', 'The store is full'],
};

const unreachable: Meaning = [
  'store/unreachable',
  'retry',
  'Is the store running, and may this machine connect to it? Check S3_ENDPOINT, network and proxy',
];

/** An error of the SDK as one of ours: by its name and status, never by its text. */
export function translateS3Error(error: unknown, what: string, location: string): AppError {
  if (error instanceof AppError) return error;
  const seen = (typeof error === 'object' && error !== null ? error : {}) as S3ErrorLike;
  const status = seen.$metadata?.httpStatusCode;
  const [code, retry, hint] = meaningOf(seen, status);
  const attempts = seen.$metadata?.attempts;
  return new AppError({
    code,
    stage: 'store',
    retry,
    message: `${what} in ${location} failed: ${seen.name ?? 'error'}${status === undefined ? '' : ` (HTTP ${status})`}${text(error)}`,
    hint,
    cause: error,
    details: { ...(status === undefined ? {} : { status }), ...(attempts === undefined ? {} : { attempts }) },
  });
}

/** Whether a refusal only says that this must not be seen, or is not known to the store. */
export function isUntold(error: unknown): boolean {
  return [400, 403, 405, 501].includes(statusOf(error) ?? 0);
}

export function statusOf(error: unknown): number | undefined {
  return (
    (typeof error === 'object' && error !== null ? (error as S3ErrorLike).$metadata?.httpStatusCode : undefined) ??
    undefined
  );
}

function meaningOf({ name, Code, code }: S3ErrorLike, status: number | undefined): Meaning {
  const named = byName[name ?? ''] ?? byName[Code ?? ''];
  if (named !== undefined) return named;
  if (status !== undefined && byStatus[status] !== undefined) return byStatus[status];
  // Slow-downs, internal errors, broken connections, time-outs, unknown hosts: the store or the way to it.
  if (status === undefined || status >= 500 || status === 429 || status === 408 || code !== undefined)
    return unreachable;
  return ['store/failed', 'no-retry', 'Run hazina storage check'];
}

function text(error: unknown): string {
  const message = messageOf(error);
  return message === '' || message === 'UnknownError' ? '' : `: ${message.slice(0, 300)}`;
}
