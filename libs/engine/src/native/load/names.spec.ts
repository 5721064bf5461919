import { describe, expect, it } from '@jest/globals';
import { compare, databasesOf, listNames, nameOf, printable } from './names.js';

describe('printable', () => {
  it.each([
    ['plain.üñí 日本', 'plain.üñí 日本'],
    ['line\nbreak', 'line\\u{a}break'],
    ['\u001B[31mred', '\\u{1b}[31mred'],
    ['right\u202Eleft', 'right\\u{202e}left'],
    ['zero\u200Bwidth', 'zero\\u{200b}width'],
  ])('%j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});

describe('names', () => {
  it('are written as db.collection, safe for a terminal', () => {
    expect(nameOf({ db: 'a', collection: 'b\tc' })).toBe('a.b\\u{9}c');
  });

  it('are listed up to five', () => {
    expect(listNames(['a', 'b'])).toBe('a, b');
    expect(listNames(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe('a, b, c, d, e and 2 more');
  });

  it('sort the same in every locale', () => {
    expect(['b', 'Z', 'ä', 'a'].sort(compare)).toEqual(['Z', 'a', 'b', 'ä']);
    expect(databasesOf([{ db: 'b' }, { db: 'a' }, { db: 'b' }])).toEqual(['a', 'b']);
  });
});
