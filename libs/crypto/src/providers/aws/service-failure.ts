import { AppError, DestinationRefused, type ErrorCode } from '#contracts';

type Reason = 'unavailable' | 'throttled' | 'access-denied' | 'not-found' | 'disabled' | 'forbidden';

/** Names of the SDK's errors; every other one is judged by whose fault it is. */
const reasons: Readonly<Record<string, Reason>> = {
  AccessDeniedException: 'access-denied',
  CredentialsProviderError: 'access-denied',
  ExpiredTokenException: 'access-denied',
  InvalidSignatureException: 'access-denied',
  UnrecognizedClientException: 'access-denied',
  LimitExceededException: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
  NotFoundException: 'not-found',
  ResourceNotFoundException: 'not-found',
  DisabledException: 'disabled',
  InvalidKeyUsageException: 'disabled',
  InvalidRequestException: 'disabled',
  KMSInvalidStateException: 'disabled',
};

const words: Record<Reason, string> = {
  unavailable: 'did not answer',
  throttled: 'answers no more requests for the moment',
  'access-denied': 'refused the request',
  'not-found': 'does not know it',
  disabled: 'has it, and it cannot be used: disabled, of another kind, or waiting for its deletion',
  forbidden: 'was not asked: its address is a link-local, metadata or reserved one',
};

const hints: Record<Reason, string> = {
  unavailable: 'Can this machine reach the service (network, AWS_REGION, AWS_ENDPOINT_URL)? It is tried again',
  throttled: 'It is tried again; ask AWS for a higher quota if this happens often',
  'access-denied':
    'Look at the credentials and the policies: kms:Encrypt and kms:Decrypt on the key, secretsmanager:GetSecretValue on the secret',
  'not-found': 'Compare the ARN or the name, the account and the region',
  disabled: 'Enable the key, or cancel its deletion, in AWS; do it soon, what was sealed with it needs it',
  forbidden: 'Look at AWS_ENDPOINT_URL and at what the name server says of its host (docs/operations.md)',
};

const codes = {
  kms: {
    unavailable: 'keys/kms-unavailable',
    throttled: 'keys/kms-throttled',
    'access-denied': 'keys/kms-access-denied',
    'not-found': 'keys/kms-not-found',
    disabled: 'keys/kms-disabled',
    forbidden: 'keys/kms-access-denied',
  },
  secrets: {
    unavailable: 'keys/secret-unavailable',
    throttled: 'keys/secret-unavailable',
    'access-denied': 'keys/secret-access-denied',
    'not-found': 'keys/secret-not-found',
    disabled: 'keys/secret-not-found',
    forbidden: 'keys/secret-access-denied',
  },
} as const satisfies Record<string, Record<Reason, ErrorCode>>;

/** What a failed call means. The SDK's own message is left out: nobody can promise what stands in it. */
export function serviceFailure(service: keyof typeof codes, what: string, error: unknown): AppError {
  const reason = reasonOf(error);
  const name = error instanceof Error ? error.name : 'unknown';
  return new AppError({
    code: codes[service][reason],
    stage: 'keys',
    retry: reason === 'unavailable' || reason === 'throttled' ? 'retry' : 'no-retry',
    message: `${service === 'kms' ? 'AWS KMS' : 'AWS Secrets Manager'}, asked for ${what}, ${words[reason]} (${name})`,
    hint: hints[reason],
  });
}

function reasonOf(error: unknown): Reason {
  if (error instanceof DestinationRefused) return error.why === 'no-address' ? 'unavailable' : 'forbidden';
  const known = error instanceof Error ? reasons[error.name] : undefined;
  if (known !== undefined) return known;
  const isClients = error instanceof Error && '$fault' in error && error.$fault === 'client';
  return isClients ? 'access-denied' : 'unavailable';
}
