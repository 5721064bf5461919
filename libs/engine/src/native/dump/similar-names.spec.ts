import { describe, expect, it } from '@jest/globals';
import { similarNames } from './similar-names.js';

describe('similarNames', () => {
  it.each([
    ['clinc', ['clinic', 'shop'], ['clinic']],
    ['CLINIC', ['clinic', 'clinic_copy', 'shop'], ['clinic', 'clinic_copy']],
    ['sohp', ['clinic', 'shop', 'stock'], ['shop']],
    ['prod', ['my_prod', 'test'], ['my_prod']],
    ['zzz', ['a', 'b', 'c', 'd', 'e', 'f'], ['a', 'b', 'c', 'd', 'e']],
    ['zzz', [], []],
  ])('%s in %j', (name, names, expected) => {
    expect(similarNames(name, names)).toEqual(expected);
  });
});
