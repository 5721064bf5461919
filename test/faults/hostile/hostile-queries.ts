import { escaped, type Caller, type HostileRequest } from './hostile-request.js';

/** No value of any parameter but a target's name. */
const noValues: readonly string[] = [
  ...[
    '',
    '%00',
    '-1',
    '0x10',
    '1e3',
    '1.5',
    '+1',
    '%20',
    '1%202',
    'NaN',
    'Infinity',
    'null',
    'undefined',
    '9'.repeat(30),
  ],
  ...[
    '%7B%22$gt%22:%22%22%7D',
    '[1]',
    '__proto__',
    'constructor',
    '$where',
    'claim.owner',
    escaped('１'),
    escaped('٣'),
  ],
  ...['1;drop', "1'--", '..%2f..', '%0d%0aSet-Cookie:a=b', 'x'.repeat(3000)],
];
const noTargets: readonly string[] = [
  ...[
    '',
    'UPPER',
    '-x',
    '.*',
    '__proto__',
    '%7B%22$ne%22:1%7D',
    'a%00',
    'a%0a',
    'a%20',
    escaped('clínic'),
    escaped('сlinic'),
  ],
  ...['x'.repeat(41), '..', 'a/b', 'a%2fb', '$ne', escaped('a\u202e')],
];
const noDays = [
  '2026-02-30',
  '2026-13-01',
  '2026-02-30T00:00:00Z',
  '2026-01-01T25:00:00Z',
  '2026-01-01T00:00:00',
  '1',
  '0',
];

const list = '/api/admin/backups';
const stats = '/api/admin/backups/stats';
const download = '/api/admin/backups/clinic-20261123T020000Z-k3f9q2/download';
const remove = '/api/admin/backups/clinic-20261123T020000Z-k3f9q2';

interface Parameter {
  readonly path: string;
  readonly name: string;
  readonly values: readonly string[];
  readonly as?: Caller;
  readonly method?: string;
}

const parameters: readonly Parameter[] = [
  ...['page', 'limit'].map((name) => ({ path: list, name, values: [...noValues, '0', '1000001'] })),
  ...['status', 'trigger', 'sortBy', 'sortOrder'].map((name) => ({ path: list, name, values: noValues })),
  ...['from', 'to'].map((name) => ({ path: list, name, values: [...noValues, ...noDays] })),
  ...[list, stats].map((path) => ({ path, name: 'target', values: noTargets })),
  { path: download, name: 'expiresIn', values: [...noValues, '0', '3601'], as: 'operator' },
  { path: download, name: 'redirect', values: [...noValues, 'yes', 'TRUE', '1'], as: 'operator' },
  { path: remove, name: 'force', values: [...noValues, 'yes', 'TRUE', '1'], as: 'admin', method: 'DELETE' },
];

/** Whole queries: names that are none, operators in names, the same name twice. */
const queries: readonly string[] = [
  ...[
    'page[$ne]=1',
    'status[$ne]=completed',
    'target[$regex]=.*',
    'target[]=clinic',
    'target[0]=clinic',
    '$where=sleep(1)',
  ],
  ...[
    '__proto__[admin]=1',
    '__proto__=1',
    'constructor[prototype][x]=1',
    'constructor=1',
    'toString=1',
    'hasOwnProperty=1',
  ],
  ...['page=1&page=2', 'limit=1&limit=100', 'status=failed&status=completed', 'sortBy=size&sortBy=status', 'unknown=1'],
  ...[
    'target=clinic&target=other',
    'from=2026-01-01&from=2026-01-02',
    'Page=1',
    'page%00=1',
    'page%20=1',
    '=',
    '%=1',
    '&&=&',
  ],
  ...['from=2026-10-02&to=2026-10-01', 'url=http://169.254.169.254/', 'callback=alert', 'fields=claim', 'token=x'],
  Array.from({ length: 400 }, (_, index) => `a${index}=1`).join('&'),
];

export const hostileQueries: readonly HostileRequest[] = [
  ...parameters.flatMap(({ path, name, values, as = 'viewer', method = 'GET' }) =>
    values.map((value) => ({
      name: `${method} ${path}?${name}=${value.slice(0, 40)}`,
      ...{ as, method, path: `${path}?${name}=${value}`, expect: [400] },
    })),
  ),
  ...queries.map((query) => ({
    name: `GET ${list}?${query.slice(0, 60)}`,
    ...{ as: 'viewer' as const, method: 'GET', path: `${list}?${query}`, expect: [400] },
  })),
];
