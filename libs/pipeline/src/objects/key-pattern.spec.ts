import { describe, expect, it } from '@jest/globals';
import { inRemovalOrder, meaningOf } from './key-pattern.js';

const backupId = 'clinic-20261123T020000Z-k3f9q2';

describe('a key', () => {
  it.each([
    ['hazina.json', { kind: 'own' }],
    ['_hazina/probe-abcdefgh', { kind: 'own' }],
    ['clinic/chunks/ab/cd', { kind: 'own' }],
    [`clinic/${backupId}/backup.json`, { kind: 'backup-json', backupId }],
    [`clinic/${backupId}/marks.json`, { kind: 'marks', backupId }],
    [`clinic/${backupId}/12/data.hzn`, { kind: 'attempt', backupId, attempt: 12, name: 'data.hzn' }],
    [`clinic/${backupId}/1/part-00001.hzn`, { kind: 'attempt', backupId, attempt: 1, name: 'part-00001.hzn' }],
    [
      `clinic/${backupId}/1/manifest.header.hzn`,
      { kind: 'attempt', backupId, attempt: 1, name: 'manifest.header.hzn' },
    ],
  ])('%s is %p', (key, meaning) => {
    expect(meaningOf(key)).toEqual(meaning);
  });

  it.each([
    'readme.txt',
    'clinic',
    `shop/${backupId}/backup.json`,
    `clinic/${backupId}/backup.json.old`,
    `clinic/${backupId}/0/data.hzn`,
    `clinic/${backupId}/01/data.hzn`,
    `clinic/${backupId}/1/data.hzn/x`,
    `clinic/${backupId}/1/Data.hzn`,
    `clinic/${backupId}`,
    'Clinic/chunks/x',
  ])('%s is foreign', (key) => {
    expect(meaningOf(key)).toEqual({ kind: 'foreign' });
  });

  it('goes in the order of the specification, the lease last', () => {
    const names = [
      '1/lease.json',
      '1/part-00001.hzn',
      '1/manifest.header.hzn',
      '1/header.hzn',
      '1/data.hzn',
      '1/manifest.hzn',
    ];
    expect(inRemovalOrder(names)).toEqual(
      [...names]
        .reverse()
        .filter((name) => !/part|lease/.test(name))
        .concat(names[1] ?? '', names[0] ?? ''),
    );
  });
});
