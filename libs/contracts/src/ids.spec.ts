import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  compactTime,
  isBackupId,
  isTargetName,
  newBackupId,
  randomSuffix,
  slotBackupId,
  targetOfBackupId,
} from './ids.js';

const at = new Date('2026-11-23T02:00:00.999Z');

describe('backup ids', () => {
  it('carry target, time and six characters', () => {
    const id = newBackupId('clinic', at, { bytes: (length) => Buffer.alloc(length, 1) });
    expect(id).toBe('clinic-20261123T020000Z-bbbbbb');
    expect(isBackupId(id)).toBe(true);
    expect(targetOfBackupId(id)).toBe('clinic');
  });

  it('keep a target with dashes and digits apart from the rest', () => {
    expect(targetOfBackupId('a-20261123-b-20261123T020000Z-abcdef')).toBe('a-20261123-b');
  });

  it('are the same everywhere for a slot: the digest of target and time in base 36', () => {
    const digest = createHash('sha256').update('clinic/20261123T020000Z').digest('hex').slice(0, 16);
    const suffix = (BigInt(`0x${digest}`) % 2_176_782_336n).toString(36).padStart(6, '0');
    expect(slotBackupId('clinic', at)).toBe(`clinic-20261123T020000Z-${suffix}`);
  });

  it.each([
    '',
    'clinic',
    'Clinic-20261123T020000Z-abcdef',
    'clinic-20261123T020000Z-ABCDEF',
    'clinic-20261123T020000Z-abcde',
    '../x-20261123T020000Z-abcdef',
    'clinic-20261123T020000Z-abcdef\n',
  ])('refuse %j', (text) => {
    expect(isBackupId(text)).toBe(false);
    expect(targetOfBackupId(text)).toBeUndefined();
  });

  it.each([
    ['a', true],
    ['0-', true],
    ['a'.repeat(40), true],
    ['a'.repeat(41), false],
    ['-a', false],
    ['a_b', false],
    ['A', false],
  ])('target %s: %s', (name, good) => {
    expect(isTargetName(name)).toBe(good);
  });

  it('draw characters without bias: bytes of 252 and more are thrown away', () => {
    const bytes = [255, 252, 0, 35, 36, 251, 254, 7, 8, 9];
    let next = 0;
    const suffix = randomSuffix(
      { bytes: (length) => Buffer.from(Array.from({ length }, () => bytes[next++ % bytes.length] ?? 0)) },
      6,
    );
    expect(suffix).toBe('a9a9hi');
  });

  it('write times without separators', () => {
    expect(compactTime(at)).toBe('20261123T020000Z');
  });
});
