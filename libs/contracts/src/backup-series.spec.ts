import { describe, expect, it } from '@jest/globals';
import { isPartBeside, recordedDatabase, seriesOf, type SeriesFacts } from './backup-series.js';

const facts = (trigger: SeriesFacts['trigger'], database: string | null, target = 'clinic'): SeriesFacts => ({
  ...{ target, trigger, database },
});
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
    ['one by hand beside what nobody knows', [facts(null, null)], facts('cli', 'clinic'), 'clinic'],
  ])('of %s', (_name, others, backup, series) => {
    expect(seriesOf([...others, backup])(backup)).toBe(series);
  });
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
  expect(isPartBeside({ trigger, database }, other)).toBe(isPart);
});
