import { describe, expect, it } from '@jest/globals';
import { abilitiesOf } from './server-abilities.js';

describe('abilitiesOf', () => {
  it.each([
    ['4.4.29', false, false],
    ['5.0.28', false, false],
    ['5.0.29', false, true],
    ['6.0.17', false, true],
    ['6.3.20', false, false],
    ['7.0.12', false, false],
    ['7.0.77', false, true],
    ['8.0.0', false, true],
    ['8.2.9-rc0', false, true],
    ['8.3.0-alpha0', true, true],
    ['9.0.0+git', true, true],
    ['no version', false, false],
  ])('%s: rawData %s, keepsEmptyTimestamps %s', (version, rawData, keepsEmptyTimestamps) => {
    expect(abilitiesOf(version)).toEqual({ rawData, keepsEmptyTimestamps });
  });
});
