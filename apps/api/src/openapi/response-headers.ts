import type { OpenAPIObject } from '@nestjs/swagger';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;
type HeaderObject = NonNullable<NonNullable<OpenAPIObject['components']>['headers']>[string];

const location = (description: string) => ({
  Location: { description, required: true, schema: { type: 'string', format: 'uri-reference' } },
});

/** For replies that tell where to ask how far it is. */
export const located = location('Where to ask how far it is');
export const redirected = location('Where the file is');

/** For pages of lists. */
export const nextOf = {
  Link: {
    description:
      'The next page, as `<reference>; rel="next"`, whatever is added to the list or removed meanwhile; none behind a page that is not full',
    required: false,
    schema: { type: 'string' },
  },
} as const;

/** For replies that send a file, or a part of it. */
export const ofFile = {
  'Content-Disposition': { description: 'With the name of the file', required: true, schema: { type: 'string' } },
  'Accept-Ranges': {
    description: 'Ranges may be asked for',
    required: true,
    schema: { type: 'string', pattern: '^bytes$' },
  },
  ETag: { description: 'For `If-Range`', required: true, schema: { type: 'string' } },
  'Repr-Digest': { description: 'SHA-256 of the whole file (RFC 9530)', required: true, schema: { type: 'string' } },
} as const;

export const ofRange = {
  'Content-Range': {
    description: 'What of the file it is, or how long the file is',
    required: true,
    schema: { type: 'string' },
  },
} as const;

const usual: Readonly<Record<string, HeaderObject>> = {
  CorrelationId: {
    description:
      'The one of the request, if it had one of this form, else a new one; it stands in every line of the log that the request caused',
    required: true,
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{8,64}$' },
    example: '5f0c9a1e2b7d4c3896a1b2c3d4e5f607',
  },
  RetryAfter: {
    description: 'Seconds after which to try again',
    required: true,
    schema: { type: 'string', pattern: '^[0-9]+$' },
    example: '5',
  },
  Authenticate: {
    description: 'By which scheme to come',
    required: true,
    schema: { type: 'string' },
    example: 'Bearer realm="hazina"',
  },
  Replayed: {
    description: 'There when the reply is that of an earlier request with the same Idempotency-Key',
    required: false,
    schema: { type: 'string', pattern: '^true$' },
  },
};

/** Headers that replies have by their status, whatever the route. */
export function nameHeaders(document: OpenAPIObject, operations: readonly OperationObject[]): void {
  document.components = { ...document.components, headers: { ...usual } };
  const by = (name: keyof typeof usual) => ({ $ref: `#/components/headers/${name}` });
  for (const { responses, parameters } of operations) {
    const repeatable = JSON.stringify(parameters ?? []).includes('"Idempotency-Key"');
    for (const [status, response] of Object.entries(responses)) {
      if (response === undefined || '$ref' in response) continue;
      response.headers = {
        ...response.headers,
        'X-Correlation-Id': by('CorrelationId'),
        ...(status === '429' || status === '503' ? { 'Retry-After': by('RetryAfter') } : {}),
        ...(status === '401' ? { 'WWW-Authenticate': by('Authenticate') } : {}),
        ...(repeatable && status.startsWith('2') ? { 'Idempotent-Replayed': by('Replayed') } : {}),
      };
    }
  }
}
