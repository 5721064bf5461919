import { expect, it } from '@jest/globals';
import { recordOf } from './record-of.js';
import type { RecordView } from './record-view.js';
import type { Damage } from './rules.js';
import { checkStore, type StoredObject, type StoreView } from './store-rules.js';

const data = { key: '1/data.hzn', bytes: 10, sha256: 'aa' };
const manifest = { key: '1/manifest.hzn', bytes: 5, sha256: 'bb' };
const folder = 'clinic/a/';
const whole: readonly (readonly [string, StoredObject])[] = [
  ['hazina.json', { bytes: 1, sha256: 'cc' }],
  [`${folder}backup.json`, { bytes: 1, sha256: 'dd' }],
  [`${folder}1/data.hzn`, data],
  [`${folder}1/manifest.hzn`, manifest],
];

function found(changes: {
  readonly record?: Partial<RecordView> | null;
  readonly store?: Partial<StoreView>;
  readonly damaged?: Damage;
  readonly reports?: readonly string[];
}): string[] {
  const { record = {}, store = {}, damaged, reports = [] } = changes;
  return checkStore({
    records: new Map(record === null ? [] : [['a', recordOf('a', record)]]),
    store: {
      ...{ prefix: 'backups/', objects: new Map(whole), marks: new Map(), uploads: [], sighted: [] },
      commits: new Map([['a', { attempt: 1, data, manifest }]]),
      ...store,
    },
    damaged: new Map(damaged === undefined ? [] : [['a', damaged]]),
    reports,
  }).map(({ rule }) => rule);
}

const objects = (...more: [string, StoredObject][]) => new Map([...whole, ...more]);
const without = (name: string) => new Map(whole.filter(([key]) => !key.endsWith(name)));

it('a completed backup with its objects is right', () => {
  expect(found({})).toEqual([]);
});

it.each([
  ['its backup.json is gone', { store: { commits: new Map(), objects: new Map() } }],
  ['its backup.json cannot be read', { store: { commits: new Map([['a', null]]), objects: new Map() } }],
  ['an object is gone', { store: { objects: without('manifest.hzn') } }],
  ['an object has other bytes', { store: { objects: objects([`${folder}1/data.hzn`, { bytes: 10, sha256: 'xx' }]) } }],
  ['an object has another size', { store: { objects: objects([`${folder}1/data.hzn`, { bytes: 9, sha256: 'aa' }]) } }],
  ['the record has another hash', { record: { hash: 'xx' } }],
  ['the record has another size', { record: { size: 11 } }],
  ['the record names another key', { record: { s3Key: 'elsewhere' } }],
  ['the record names another attempt', { record: { commitAttempt: 2 } }],
  ['the record failed, and the backup stands', { record: { status: 'failed' as const } }],
])('found: %s', (_what, changes) => {
  expect(found(changes)).toEqual(['complete']);
});

it('what was damaged on purpose is not held against the product here', () => {
  expect(found({ store: { objects: without('data.hzn') }, damaged: 'removed' })).toEqual([]);
});

it.each(['deleted', 'cancelled'] as const)('found: the record is %s, and the backup stands', (status) => {
  expect(found({ record: { status } })).toEqual(['promise']);
});

it.each([
  ['another attempt', `${folder}2/data.hzn`],
  ['a lease beside what was committed', `${folder}1/lease.json`],
  ['a probe of a start', '_hazina/probe-12345678'],
  ['the folder of no record', 'clinic/b/1/data.hzn'],
])('found: %s is left behind', (_what, key) => {
  expect(found({ store: { objects: objects([key, data]) } })).toEqual(['unreferenced']);
});

it('found: an open upload', () => {
  expect(found({ store: { uploads: [`${folder}2/data.hzn`] } })).toEqual(['unreferenced']);
});

it('a whole attempt without a commit may stay where the cleanup says so, but not of a deleted record', () => {
  const store = { commits: new Map(), objects: new Map(whole.filter(([key]) => key.endsWith('.hzn'))) };
  const reports = ['clinic/a/1/ holds data and manifest but no commit: kept'];
  expect(found({ record: { status: 'cancelled' }, store, reports })).toEqual([]);
  expect(found({ record: { status: 'cancelled' }, store })).toEqual(['unreferenced', 'unreferenced']);
  expect(found({ record: { status: 'deleted' }, store, reports })).toEqual(['unreferenced', 'unreferenced']);
});

it('the memory of the sweeper may stay while it keeps such an attempt, and for nothing else', () => {
  const attempt = whole.filter(([key]) => key.endsWith('.hzn'));
  const memory = ['_hazina/sightings.json', data] as const;
  const reports = ['clinic/a/1/ holds data and manifest but no commit: kept'];
  const store = (sighted: readonly string[]) => ({
    commits: new Map(),
    objects: new Map([...attempt, memory]),
    sighted,
  });
  const record = { status: 'cancelled' as const };
  expect(found({ record, store: store(['clinic/a/1/']), reports })).toEqual([]);
  for (const sighted of [[], ['clinic/a/2/'], ['clinic/a/1/', 'clinic/b/1/']])
    expect(found({ record, store: store(sighted), reports })).toEqual(['unreferenced']);
  expect(found({ store: { objects: objects([memory[0], data]), sighted: ['clinic/a/1/'] } })).toEqual(['unreferenced']);
});

it('found: marks in the store that are not the record’s', () => {
  const marks = new Map([['a', { pinned: true, label: null }]]);
  const all = objects([`${folder}marks.json`, data]);
  expect(found({ store: { objects: all, marks } })).toEqual(['promise']);
  expect(found({ store: { objects: all, marks }, record: { pinned: true } })).toEqual([]);
});
