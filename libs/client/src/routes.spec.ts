import { expect, it } from '@jest/globals';
import type { Address, BodyOf, ReplyOf } from './routes.js';

// What the compiler says of calls. Each line of the second test breaks the build when the compiler comes to think otherwise.

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

/** Whether a call with this would be taken. */
type Is<Given, Wanted> = [Given] extends [Wanted] ? true : false;
type IsAddress<Method extends 'get' | 'post', Path extends string> = Is<Path, Address<Method, Path>>;
type Backup = `/api/admin/backups/${string}`;

it('what the document does not have is no call', () => {
  const taken = [
    true satisfies IsAddress<'get', '/api/admin/backups'>,
    true satisfies Is<'data', keyof ReplyOf<'get', '/api/admin/backups'>>,
    true satisfies Is<{ level: 'stored' }, BodyOf<'post', `${Backup}/verify`>>,
  ];
  const refused = [
    // There is no such route.
    false satisfies IsAddress<'get', '/api/admin/backup'>,
    // The route has no such method.
    false satisfies IsAddress<'post', '/api/admin/backups'>,
    // What is put in is one segment of a path and stands for a parameter.
    false satisfies IsAddress<'get', `/api/admin/${string}`>,
    // Nobody knows which route this is.
    false satisfies IsAddress<'get', string>,
    // The route has no such query field.
    false satisfies IsAddress<'get', '/api/admin/backups?state=failed'>,
    // None of its replies has such a field.
    false satisfies Is<'backups', keyof ReplyOf<'get', '/api/admin/backups'>>,
    // The field takes other values.
    false satisfies Is<{ level: 'best' }, BodyOf<'post', `${Backup}/verify`>>,
    // The body has no such field.
    false satisfies Is<{ depth: 'stored' }, BodyOf<'post', `${Backup}/verify`>>,
    // A field that must be sent is missing.
    false satisfies Is<{ targetName: 'staging' }, BodyOf<'post', `${Backup}/restore`>>,
  ];
  expect(taken.every(Boolean) && !refused.some(Boolean)).toBe(true);
});
