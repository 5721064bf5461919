import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { Secret } from './secret.js';

describe('Secret', () => {
  const value = 'correct horse battery staple';
  const sut = new Secret(value);

  it('gives its value only to reveal()', () => {
    expect(sut.reveal()).toBe(value);
  });

  it.each([
    ['template', `of ${String(sut)}`],
    ['concatenation', ['', sut].join()],
    ['JSON', JSON.stringify({ sut })],
    ['inspect', inspect({ nested: { sut } }, { depth: 9, showHidden: true })],
    ['keys', JSON.stringify(Object.entries(sut))],
    ['error', inspect(new Error('x', { cause: sut }))],
  ])('is redacted in %s', (_, text) => {
    expect(text).not.toContain(value);
  });
});
