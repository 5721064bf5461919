import { expect, it } from '@jest/globals';
import type { Address, BodyOf, ReplyOf } from './routes.js';

// What the compiler says of calls: a line below that were taken though it should not be would break the build, for nothing would be wrong where an error is expected.

const get = <const Path extends string>(
  path: Address<'get', Path>,
  ...fields: readonly (keyof ReplyOf<'get', Path>)[]
): string => [path, ...fields].join(' ');
const post = <const Path extends string>(path: Address<'post', Path>, body?: BodyOf<'post', Path>): string =>
  `${path} ${JSON.stringify([body])}`;

const id = ['clinic', '20261123T020000Z', 'k3f9q2'].join('-');
const query = new URLSearchParams({ limit: '5' }).toString();

it('an address with what is put in at run time is that of its route, its fields those of its replies', () => {
  expect(get('/api/admin/backups', 'data', 'pagination', 'detail')).toContain('/api/admin/backups ');
  expect(get(`/api/admin/backups?status=failed&${query}`, 'data')).toContain('?status=failed&limit=5');
  expect(get(`/api/admin/backups/${id}`, 'status', 'verifications')).toContain(id);
  expect(get(`/api/admin/backups/${id}/download?expiresIn=60`, 'url', 'header')).toContain(id);
  // The path without a parameter goes before the one with.
  expect(get('/api/admin/backups/stats', 'perDay')).toContain('stats');
  expect(post(`/api/admin/backups/${id}/verify`, { level: 'stored' })).toContain(id);
  // What has a default need not be sent.
  expect(post(`/api/admin/backups/${id}/restore`, { targetName: 'staging', mode: 'scratch' })).toContain(id);
  expect(post('/api/admin/schedules/clinic/pause')).toContain('pause');
});

it('what the document does not have is no call', () => {
  const path = ['', 'api', 'admin', 'backups'].join('/');
  const wrong = [
    // @ts-expect-error There is no such route.
    get('/api/admin/backup'),
    // @ts-expect-error The route has no such method.
    post('/api/admin/backups'),
    // @ts-expect-error What is put in is one segment of a path and stands for a parameter.
    get(`/api/admin/${id}`),
    // @ts-expect-error Nobody knows which route this is.
    get(path),
    // @ts-expect-error The route has no such query field.
    get('/api/admin/backups?state=failed'),
    // @ts-expect-error None of its replies has such a field.
    get('/api/admin/backups', 'backups'),
    // @ts-expect-error The field takes other values.
    post(`/api/admin/backups/${id}/verify`, { level: 'best' }),
    // @ts-expect-error The body has no such field.
    post(`/api/admin/backups/${id}/verify`, { depth: 'stored' }),
    // @ts-expect-error A field that must be sent is missing.
    post(`/api/admin/backups/${id}/restore`, { targetName: 'staging' }),
  ];
  expect(wrong).toHaveLength(9);
});
