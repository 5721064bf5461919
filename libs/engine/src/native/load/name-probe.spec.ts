import { describe, expect, it } from '@jest/globals';
import { longNameProbe } from './name-probe.js';

describe('longNameProbe', () => {
  it('tries no short name', () => {
    expect(longNameProbe('db', 'visits', '_abcdef_3')).toBeNull();
  });

  it.each([
    ['x'.repeat(200)],
    ['é'.repeat(100)],
    [`x${'é'.repeat(100)}`],
    ['😀'.repeat(45)],
    [`${'a'.repeat(117)}😀bcdef`],
  ])('keeps the length in bytes of %s', (name) => {
    const probe = longNameProbe('db', name, '_abcdef_3') ?? '';
    expect(Buffer.byteLength(probe)).toBe(Buffer.byteLength(name));
    expect(probe).not.toBe(name);
    expect(probe.endsWith('_abcdef_3')).toBe(true);
    expect(Buffer.from(probe, 'utf8').toString('utf8')).toBe(probe);
  });
});
