import { describe, expect, it } from '@jest/globals';
import {
  isPart,
  isPartBeside,
  newestWhole,
  partName,
  recordedDatabase,
  recordedPart,
  seriesOf,
  wholeOnes,
  type SeriesFacts,
} from './backup-series.js';

const facts = (trigger: SeriesFacts['trigger'], database: string | null, target = 'clinic'): SeriesFacts => ({
  ...{ target, trigger, database, part: null },
});
const partly = (part: string, database = '*'): SeriesFacts => ({ ...facts('cli', database), part });
const all = facts('schedule', '*');

it.each([
  [['clinic'], 'clinic'],
  [['billing', 'clinic'], '*'],
  [[], '*'],
])('the databases %j are %s', (databases, name) => {
  expect(recordedDatabase(databases)).toBe(name);
});

describe('series', () => {
  it.each([
    ['one of a single database by hand, beside one of all', [all], facts('cli', 'billing'), 'billing'],
    ['one of all by hand', [facts('cli', 'billing')], facts('cli', '*'), ''],
    ['one of a single database that the service made', [all], facts('schedule', 'billing'), ''],
    ['one of which nobody knows how it was made', [all], facts(null, 'billing'), ''],
    ['one by hand of the only database that its target has', [facts('schedule', 'clinic')], facts('cli', 'clinic'), ''],
    ['one by hand of a user who always takes the same database', [], facts('cli', 'clinic'), ''],
    ['one by hand beside another database', [facts('cli', 'billing')], facts('cli', 'clinic'), 'clinic'],
    ['one by hand, where all is another target', [facts('schedule', '*', 'shop')], facts('cli', 'clinic'), ''],
    ['one by hand of several databases', [all], partly('billing clinic'), 'billing clinic'],
    [
      'one by hand that leaves something out of a database',
      [facts('cli', 'x')],
      partly('x, without x.log', 'x'),
      'x, without x.log',
    ],
    ['one by hand of a user who always chooses the same', [partly('x y')], partly('x y'), ''],
    ['one by hand of all beside such a one', [partly('x y')], facts('cli', '*'), ''],
    ['one by hand beside what nobody knows', [facts(null, null)], facts('cli', 'clinic'), 'clinic'],
  ])('of %s', (_name, others, backup, series) => {
    expect(seriesOf([...others, backup])(backup)).toBe(series);
  });
});

describe('the name of a part', () => {
  const choose = (databases: string[], include: string[] = [], exclude: string[] = []) =>
    partName({ databases, include, exclude });

  it('is that of its databases, in any order', () => {
    expect(choose(['b', 'a', 'a'])).toBe('a b');
    expect(choose(['a'])).toBe('a');
  });

  it('tells of patterns whether they are the same, and no name of a collection', () => {
    expect(choose([], [], ['shop.orders', 'shop.log'])).toMatch(/^every database, patterns [0-9a-f]{16}$/);
    expect(choose([], [], ['shop.log', 'shop.orders'])).toBe(choose([], [], ['shop.orders', 'shop.log']));
    const all = [choose([], [], ['a.x']), choose([], ['a.x']), choose(['a'], [], ['a.x']), choose([], [], ['a.y'])];
    expect(new Set(all).size).toBe(all.length);
  });
});

it('where nothing was chosen there is no part', () => {
  expect(recordedPart({})).toBeNull();
  expect(recordedPart({ part: 'a b' })).toBe('a b');
});

it('all of a target are those that are no parts, and parts that hold the same', () => {
  const [parts, like] = [[partly('a b'), facts('cli', 'a')], facts('cli', 'clinic')];
  const one = facts('schedule', 'clinic');
  expect(wholeOnes([...parts, all])).toEqual([all]);
  expect(wholeOnes([like, ...parts, one])).toEqual([like, one]);
  expect(wholeOnes(parts)).toEqual(parts);
});

it('of the newest ones one that is no part tells of all, and a part where there is nothing else', () => {
  expect(newestWhole([partly('a b'), all, facts('cli', '*')])).toBe(all);
  const part = partly('a b');
  expect(newestWhole([part, partly('c')])).toBe(part);
  expect(newestWhole<SeriesFacts>([])).toBeUndefined();
});

it('a record of an older version, which has no such field, is a part by its database alone', () => {
  const { part: _part, ...old } = facts('cli', '*');
  expect(isPart(old as SeriesFacts)).toBe(false);
  expect(isPart({ ...old, database: 'clinic' } as SeriesFacts)).toBe(true);
});

it('a part of several is one beside all, and beside another part, and not beside its like', () => {
  const part = partly('billing clinic');
  expect(isPartBeside(part, all)).toBe(true);
  expect(isPartBeside(part, partly('billing shop'))).toBe(true);
  expect(isPartBeside(part, partly('billing clinic'))).toBe(false);
  expect(isPartBeside(all, part)).toBe(false);
});

it.each([
  ['cli', 'billing', '*', true],
  ['cli', 'billing', 'clinic', true],
  ['cli', 'billing', 'billing', false],
  ['cli', '*', 'billing', false],
  ['schedule', 'billing', '*', false],
  ['cli', 'billing', null, false],
  ['cli', null, '*', false],
] as const)('%s of %p beside one of %p is a part: %p', (trigger, database, other, isPart) => {
  expect(isPartBeside({ trigger, database, part: null }, { database: other, part: null })).toBe(isPart);
});
