/** A token that must be refused, as data: what differs from a good one of the role admin. Times are seconds from now. */
export interface HostileToken {
  readonly name: string;
  /** Claims that replace the usual ones; `null` stands for one that is left out, `{in: n}` for a time. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Default `HS256` with the right secret. */
  readonly sign?: 'HS256' | 'HS384' | 'HS512' | 'none' | 'other-secret' | 'empty-secret' | 'public-key' | 'RS256';
  /** Instead of all that: the header's value, with `TOKEN` for a good one. */
  readonly authorization?: string;
  readonly expect: 401 | 403;
}

type Changes = Readonly<Record<string, unknown>>;
type Named = readonly [name: string, changes: Changes];

const at = (seconds: number) => ({ in: seconds });
const day = 86_400;
const evil = 'http://SINK/jwks.json';

const missing: readonly Named[] = ['aud', 'iss', 'exp', 'jti', 'sub', 'iat'].map((name) => [
  `without ${name}`,
  { [name]: null },
]);
const values = (name: string, wrong: readonly unknown[]): readonly Named[] =>
  wrong.map((value) => [`${name} ${JSON.stringify(value)}`, { [name]: value }]);
const noTexts = ['', 7, {}, [], true, { $ne: null }, ['x']];
const noTimes = ['soon', {}, [], '9999999999'];

const claims: readonly Named[] = [
  ...missing,
  ...['aud', 'iss', 'sub', 'jti'].flatMap((name) => values(name, noTexts)),
  ...values('exp', [...noTimes, -1e12, at(-60), at(2 * day)]),
  ...values('iat', [...noTimes, -1e12, at(10 * day)]),
  ...values('nbf', [...noTimes, at(600)]),
  ...values('aud', ['hazina2', 'HAZINA', '\u0000', 'hazina ']),
  ...values('iss', ['hazina2', 'HAZINA', '\u0000', 'hazina ']),
  ['born after its end', { iat: at(500), exp: at(400) }],
  ['with a sub of 201 characters', { sub: 'x'.repeat(201) }],
  ['with a jti of 201 characters', { jti: 'x'.repeat(201) }],
];

const roles: readonly unknown[] = [
  ...[null, '', 'root', 'Admin', 'ADMIN', 'admin ', ' admin', 'admin\u0000', ['admin'], { admin: true }, true, 7, '*'],
  ...['constructor', '__proto__', 'viewer,admin', 'аdmin', { $ne: 'viewer' }],
];

const headers: readonly Named[] = [
  ['alg none', { alg: 'none' }],
  ['alg None', { alg: 'None' }],
  ['alg NONE', { alg: 'NONE' }],
  ['alg nOnE', { alg: 'nOnE' }],
  ['no alg', { alg: null }],
  ['alg empty', { alg: '' }],
  ['alg a list', { alg: ['HS256'] }],
  ['alg RS256', { alg: 'RS256' }],
  ['alg ES256', { alg: 'ES256' }],
  ['alg PS256', { alg: 'PS256' }],
  ['alg HS512', { alg: 'HS512' }],
  ['alg hs256', { alg: 'hs256' }],
];
/** Where a key might be taken from, signed with a key of ours. */
const keySources: readonly Named[] = [
  ['kid of a file', { kid: '../../../../dev/null' }],
  ['kid of a query', { kid: "x' UNION SELECT 'secret" }],
  ['jku', { jku: evil }],
  ['x5u', { x5u: evil }],
  ['a jwk of its own', { jwk: { kty: 'oct', k: 'AA' } }],
  ['x5c', { x5c: ['AAAA'] }],
];

export const hostileTokens: readonly HostileToken[] = [
  ...claims.map(([name, changes]) => ({ name, claims: changes, expect: 401 as const })),
  ...roles.map((role) => ({ name: `role ${JSON.stringify(role)}`, claims: { role }, expect: 403 as const })),
  ...headers.flatMap(([name, header]) => [
    { name, header, expect: 401 as const },
    { name: `${name}, not signed`, header, sign: 'none' as const, expect: 401 as const },
  ]),
  ...keySources.flatMap(([name, header]) =>
    (['other-secret', 'empty-secret', 'none'] as const).map((sign) => ({
      name: `${name}, ${sign}`,
      header,
      sign,
      expect: 401 as const,
    })),
  ),
  ...(['HS384', 'HS512', 'none', 'other-secret', 'empty-secret', 'RS256', 'public-key'] as const).map((sign) => ({
    ...{ name: `signed: ${sign}`, sign, expect: 401 as const },
  })),
  ...[
    ...[
      '',
      'Bearer',
      'Bearer ',
      'Bearer ..',
      'Bearer a.b.c',
      'Bearer null',
      'Bearer undefined',
      'Basic TOKEN',
      'TOKEN',
      'Token TOKEN',
    ],
    ...[
      'Bearer TOKEN.',
      'Bearer .TOKEN',
      'Bearer TOKENx',
      'Bearer "TOKEN"',
      `Bearer ${'x'.repeat(8_000)}`,
      'Bearer e30.e30.',
    ],
    ...[
      'Bearer TOKEN.TOKEN',
      'Bearer {"alg":"none"}',
      'Bearer e30.e30.e30',
      'Bearer bnVsbA.bnVsbA.',
      'Digest username="admin"',
    ],
  ].map((authorization) => ({
    name: `Authorization: ${authorization.slice(0, 40)}`,
    authorization,
    expect: 401 as const,
  })),
];
