import { expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { handPicked } from './backup-source.js';

const nothing = { databases: [], include: [], exclude: [] };
const picked = (dump: object, source: object, path = '') =>
  handPicked({ ...nothing, ...dump }, { ...nothing, ...source, uri: new Secret(`mongodb://h/${path}`) });

it.each([
  ['the whole server', {}, {}],
  ['what its target is, in another order', { databases: ['b', 'a', 'a'] }, { databases: ['a', 'b'] }],
  ['the patterns of its target', { include: ['a.*', 'b.*'] }, { include: ['b.*', 'a.*'] }],
  ['the database of the URI', { databases: ['a'] }, {}, 'a'],
  ['the database of the URI, which the target names', {}, { databases: ['a'] }, 'a?authSource=admin'],
])('%s is no part', (_name, dump, source, path = '') => {
  expect(picked(dump, source, path)).toBeUndefined();
});

it.each([
  ['a single database', { databases: ['a'] }, {}, '', /^a$/],
  [
    'one of a target that leaves something out',
    { databases: ['a'], exclude: ['a.x'] },
    { exclude: ['a.x'] },
    '',
    /^a, patterns /,
  ],
  ['another than the URI has', { databases: ['b'] }, {}, 'a', /^b$/],
  ['several databases', { databases: ['b', 'a'] }, {}, '', /^a b$/],
  ['fewer than its target has', { databases: ['a', 'b'] }, { databases: ['a', 'b', 'c'] }, '', /^a b$/],
  ['only some namespaces', { include: ['a.x'] }, {}, '', /^every database, patterns [0-9a-f]{16}$/],
  ['all but some of the database of the URI', { exclude: ['a.x'] }, {}, 'a', /^a, patterns /],
  ['all but some, by way of admin', { exclude: ['a.x'] }, {}, 'admin', /^every database, patterns /],
  ['all but some', { databases: ['a'], exclude: ['a.x'] }, { databases: ['a'] }, '', /^a, patterns /],
  ['more than its target, which leaves something out', { include: ['*.*'] }, { exclude: ['a.x'] }, '', /patterns/],
])('%s is a part', (_name, dump, source, path, name) => {
  expect(picked(dump, source, path)).toMatch(name);
});

it('the same patterns of two databases are two parts', () => {
  const dump = { exclude: ['*.log'] };
  expect(picked(dump, {}, 'clinic')).not.toBe(picked(dump, {}, 'billing'));
});
