import { describe, expect, it } from '@jest/globals';
import { parsePattern } from '#contracts';
import { applyRenames, checkRenames } from './renames.js';
import { createSelection } from './selection.js';
import { seededRandom } from '../../../../test/support/sample-data.js';

const select = (include: string[], exclude: string[] = [], databases: string[] = []) =>
  createSelection({ include, exclude, databases });

describe('patterns', () => {
  it.each([
    ['clinic', 'clinic', 'visits', true],
    ['clinic', 'clinic2', 'visits', false],
    ['clinic.*', 'clinic', 'a.b', true],
    ['clinic.visits', 'clinic', 'visits', true],
    ['clinic.visits', 'clinic', 'visits2', false],
    ['*.visits', 'any', 'visits', true],
    ['cl*.v*s', 'clinic', 'visits', true],
    ['a\\.b.c', 'a.b', 'c', true],
    ['a.b.c', 'a', 'b.c', true],
    ['a.\\*', 'a', '*', true],
    ['a.\\*', 'a', 'x', false],
    ['a.x+y(z)', 'a', 'x+y(z)', true],
    ['a.line*', 'a', 'line\nbreak', true],
    ['a.ab*ba', 'a', 'aba', false],
    ['a.ab*ba', 'a', 'abba', true],
    ['a.*ab*ab*', 'a', 'xabyab', true],
    ['a.*ab*ab*', 'a', 'xab', false],
    ['a.a*b*a', 'a', 'aba', true],
    ['a.a*b*a', 'a', 'aa', false],
    ['a.**x**', 'a', 'x', true],
    ['a.*', 'a', '', true],
  ])('%s: %s.%s %p', (pattern, db, collection, matches) => {
    expect(select([pattern]).matches(db, collection)).toBe(matches);
  });

  it('of many stars is no more work than another: as a regular expression it would take hours', () => {
    const stars = `a.${'*'.repeat(200)}${'s*'.repeat(150)}x`;
    const began = performance.now();
    expect(select([stars]).matches('a', 's'.repeat(250))).toBe(false);
    expect(select([stars]).matches('a', `${'s'.repeat(250)}x`)).toBe(true);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('means what a regular expression with its stars means', () => {
    const random = seededRandom(41);
    const text = (letters: string, most: number) =>
      Array.from({ length: Math.floor(random() * most) }, () =>
        letters.charAt(Math.floor(random() * letters.length)),
      ).join('');
    for (let round = 0; round < 5_000; round += 1) {
      const [pattern, name] = [text('ab*', 7), text('ab', 7)];
      if (pattern === '') continue;
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 's').test(name);
      expect({ pattern, name, matches: select([`d.${pattern}`]).matches('d', name) }).toEqual({
        pattern,
        name,
        matches: expected,
      });
    }
  });

  it.each(['', '.a', 'a.', 'a\\'])('%j is none', (text) => {
    expect(() => parsePattern(text)).toThrow(expect.objectContaining({ code: 'cli/bad-arguments' }));
  });

  it('exclude wins over include, and both stay within the chosen databases', () => {
    const sut = select(['a.*', 'b.*'], ['*.tmp'], ['a']);
    expect([sut.matches('a', 'x'), sut.matches('a', 'tmp'), sut.matches('b', 'x')]).toEqual([true, false, false]);
    expect([sut.matchesDatabase('a'), sut.matchesDatabase('b')]).toEqual([true, false]);
    expect(select([], ['a']).matchesDatabase('a')).toBe(false);
    expect(select([], ['a.x']).matchesDatabase('a')).toBe(true);
  });
});

describe('renames', () => {
  const renames = [
    { from: 'a', to: 'c' },
    { from: 'a.x', to: 'd.y' },
  ];

  it('the collection goes before its database', () => {
    expect(applyRenames(renames, 'a', 'x')).toEqual({ db: 'd', collection: 'y' });
    expect(applyRenames(renames, 'a', 'z.z')).toEqual({ db: 'c', collection: 'z.z' });
    expect(applyRenames(renames, 'b', 'x')).toEqual({ db: 'b', collection: 'x' });
  });

  it.each([
    [{ from: 'a', to: 'b.c' }, /both sides/],
    [{ from: 'a.*', to: 'b.*' }, /no \*/],
    [{ from: 'a', to: '' }, /a name is empty/],
  ])('refuses %j', (bad, message) => {
    expect(() => checkRenames([bad])).toThrow(message);
  });

  it('refuses a name that is renamed twice, however it is written', () => {
    const twice = [
      { from: 'a.x', to: 'a.y' },
      { from: 'a.\\x', to: 'a.z' },
    ];
    expect(() => checkRenames(twice)).toThrow(/renamed twice/);
  });
});
