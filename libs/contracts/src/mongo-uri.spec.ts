import { describe, expect, it } from '@jest/globals';
import { askedDatabases, databaseOf, isMongoUri } from './mongo-uri.js';

describe('databaseOf', () => {
  it.each([
    ['mongodb://h', undefined],
    ['mongodb://h/', undefined],
    ['mongodb://h/?a=b/c', undefined],
    ['mongodb://u:p@h:1,h:2/a%20b?x=y', 'a b'],
    ['mongodb+srv://h/clinic', 'clinic'],
  ])('%s: %p', (uri, database) => {
    expect(databaseOf(uri)).toBe(database);
  });
});

it.each([
  [['a', 'b'], 'c', ['a', 'b']],
  [[], 'c', ['c']],
  [[], 'admin', []],
  [[], undefined, []],
])('of %j and %p in the path, %j are asked for', (named, path, asked) => {
  expect(askedDatabases(named, path)).toEqual(asked);
});

it.each([
  ['mongodb://h', true],
  ['mongodb+srv://u:p@h/clinic', true],
  ['mongodb://%2Ftmp%2Fmongodb.sock', true],
  ['mongodb://', false],
  ['mongodb:///clinic', false],
  ['h:27017', false],
  ['http://h', false],
  [' mongodb://h', false],
])('%j can be a connection string: %s', (text, is) => {
  expect(isMongoUri(text)).toBe(is);
});
