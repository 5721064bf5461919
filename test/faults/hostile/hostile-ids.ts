import { escaped, type Caller, type HostileRequest } from './hostile-request.js';

const real = 'clinic-20261123T020000Z-k3f9q2';

// Path segments on the wire, in the place of an id.
const ids: readonly string[] = [
  // Traversal
  ...['..%2f..%2f..%2fetc%2fpasswd', '%2e%2e', '..%5c..%5cwindows', `..%2f${real}`, `${real}%2f..%2f..%2fhazina.json`],
  ...['....%2f%2f', '.%00.', '%252e%252e%252f', 'file:%2f%2f%2fetc%2fpasswd', '%2fetc%2fpasswd'],
  // Bytes that are none, and encodings that are none
  ...['%C0%AE%C0%AE%2f', '%E0%A4%A', '%', '%zz', '%F8%88%80%80%80', '%ED%A0%80'],
  // Ends and lines
  ...[`${real}%00`, `${real}%0d%0aX-Injected:%20yes`, `${real}%0a`, `${real}%20`, `%20${real}`, `${real}%09`],
  // Operators and code
  ...['[$ne]', '%7B%22$ne%22%3Anull%7D', '$where', '$regex', "'%20OR%20'1'='1", '%7B%7B7*7%7D%7D', '$%7Bjndi:ldap:'],
  ...['%3Cscript%3Ealert(1)%3C%2Fscript%3E', ';cat%20%2Fetc%2Fpasswd', '%60id%60', '.*', real.replace('clinic', '.*')],
  // Names of prototypes
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'null', 'undefined', 'NaN', 'true'],
  // Numbers and lengths
  ...['0', '-1', '1e309', '9'.repeat(400), 'x'.repeat(4000), `${real}${'x'.repeat(3000)}`, '%20'.repeat(1000)],
  // Unicode that looks like it
  ...[escaped(real.replaceAll('2', '２')), escaped(real.replace('c', 'с')), escaped(`${real}\u202e`)],
  ...[escaped(`\u200b${real}`), escaped(`${real}\ufeff`), escaped('ﬁle'), escaped('é'), escaped('e\u0301')],
  // Well-formed, and not there: of another target, of a date that does not exist, in another case
  ...[real.replace('clinic', 'other-tenant'), 'clinic-20261399T999999Z-k3f9q2', real.toUpperCase(), real.slice(0, -1)],
];

interface Route {
  readonly as: Caller;
  readonly method: string;
  readonly path: (id: string) => string;
  readonly body?: unknown;
}

const admin = '/api/admin/backups';
const routes: readonly Route[] = [
  { as: 'viewer', method: 'GET', path: (id) => `${admin}/${id}` },
  { as: 'operator', method: 'GET', path: (id) => `${admin}/${id}/download` },
  { as: 'operator', method: 'POST', path: (id) => `${admin}/${id}/verify`, body: {} },
  { as: 'operator', method: 'POST', path: (id) => `${admin}/${id}/cancel` },
  { as: 'operator', method: 'PATCH', path: (id) => `${admin}/${id}`, body: { pinned: true } },
  { as: 'admin', method: 'DELETE', path: (id) => `${admin}/${id}?force=true` },
  { as: 'admin', method: 'GET', path: (id) => `/api/admin/cleanups/${id}` },
  { as: 'viewer', method: 'GET', path: (id) => `/api/admin/restores/${id}` },
  { as: 'operator', method: 'POST', path: (id) => `/api/admin/restores/${id}/cancel` },
  { as: 'viewer', method: 'GET', path: (id) => `/api/admin/drills/${id}` },
  { as: 'viewer', method: 'GET', path: (id) => `/api/admin/catalog/sync/${id}` },
  { as: 'admin', method: 'GET', path: (id) => `/api/admin/keys/rotations/${id}` },
  { as: 'viewer', method: 'GET', path: (id) => `${admin}/${id}/events` },
  { as: 'operator', method: 'POST', path: (id) => `/api/admin/schedules/${id}/pause` },
  { as: 'nobody', method: 'GET', path: (id) => `/api/downloads/${id}?ticket=e30.AAAA` },
];

/** Every id on every route that takes one. */
export const hostileIds: readonly HostileRequest[] = routes.flatMap(({ as, method, path, body }) =>
  ids.map((id) => ({
    name: `${method} ${path(id.slice(0, 60))}`,
    ...{ as, method, path: path(id), expect: [400, 401, 404] },
    ...(body === undefined ? {} : { body }),
  })),
);
