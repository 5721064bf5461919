import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { firstPlainSegmentBytes, plainSegmentBytes } from './constants.js';
import { plaintextSize, sealedSize, segmentCount, segmentOf, segmentRange } from './sizes.js';

const mostSegments = 2 ** 32;
const mostPlaintext = firstPlainSegmentBytes + (mostSegments - 1) * plainSegmentBytes;
const mostSealed = 4096 + mostSegments * 1_048_576;
/** Plaintext bytes before segment `index`. */
const before = (index: number): number => (index === 0 ? 0 : firstPlainSegmentBytes + (index - 1) * plainSegmentBytes);

/** Any size, and those where a segment begins or ends. */
const sizes = fc.oneof(
  fc.integer({ min: 0, max: mostPlaintext }),
  fc
    .tuple(fc.integer({ min: 1, max: mostSegments }), fc.integer({ min: -2, max: 2 }))
    .map(([index, beside]) => Math.min(before(index) + beside, mostPlaintext)),
);

describe('sizes', () => {
  it('agree with each other', () => {
    fc.assert(
      fc.property(sizes, (plaintext) => {
        const sealed = sealedSize(plaintext);
        expect(plaintextSize(sealed)).toBe(plaintext);
        const segments = segmentCount(plaintext);
        expect(before(segments)).toBeGreaterThanOrEqual(plaintext);
        expect(segments === 1 ? 0 : before(segments - 1)).toBeLessThan(Math.max(plaintext, 1));
        // The last segment ends with the file; the tag is in it.
        expect(segmentRange(segments - 1, sealed).end).toBe(sealed);
        expect(() => segmentRange(segments, sealed)).toThrow(RangeError);
      }),
      { numRuns: 2000 },
    );
  });

  it('tell where every plaintext byte lies', () => {
    fc.assert(
      fc.property(sizes, (offset) => {
        const at = Math.min(offset, mostPlaintext - 1);
        const { index, within } = segmentOf(at);
        expect(before(index) + within).toBe(at);
        expect(within).toBeLessThan(index === 0 ? firstPlainSegmentBytes : plainSegmentBytes);
        const { start, end } = segmentRange(index, mostSealed);
        expect(start).toBe(index === 0 ? 4136 : 4096 + index * 1_048_576);
        expect(end - start - 16).toBe(index === 0 ? firstPlainSegmentBytes : plainSegmentBytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('know which files cannot be: no plaintext has their size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 43 }), (sealed) => {
        const plaintext = plaintextSize(sealed);
        if (plaintext !== undefined) expect(sealedSize(plaintext)).toBe(sealed);
        // The last segment has its tag and at least one byte, or all of the file is empty.
        const inLast = (sealed - 4096) % 1_048_576;
        const possible = sealed === 4152 || (sealed > 4152 && (inLast > 16 || inLast === 0));
        expect(plaintext !== undefined).toBe(possible);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([0, 4095, 4096, 4136, 4151, 1_052_673, 1_052_688, 2_101_249, 2_101_264])('no file has %i bytes', (bytes) => {
    expect(plaintextSize(bytes)).toBeUndefined();
  });

  it.each([4152, 4153, 1_052_672, 1_052_689, 2_101_248, 2_101_265])('a file may have %i bytes', (bytes) => {
    expect(plaintextSize(bytes)).toBeGreaterThanOrEqual(0);
  });

  it('end at 2^32 segments', () => {
    expect(segmentCount(mostPlaintext)).toBe(mostSegments);
    expect(sealedSize(mostPlaintext)).toBe(mostSealed);
    expect(plaintextSize(mostSealed)).toBe(mostPlaintext);
    expect(() => sealedSize(mostPlaintext + 1)).toThrow(RangeError);
    expect(plaintextSize(mostSealed + 17)).toBeUndefined();
    expect(() => segmentOf(mostPlaintext)).toThrow(RangeError);
    expect(() => segmentRange(mostSegments, Number.MAX_SAFE_INTEGER)).toThrow(RangeError);
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER])(
    '%d is no number of bytes',
    (bytes) => {
      expect(() => sealedSize(bytes)).toThrow(RangeError);
      expect(() => segmentOf(bytes)).toThrow(RangeError);
      expect(plaintextSize(bytes)).toBeUndefined();
      expect(() => segmentRange(bytes, 5000)).toThrow(RangeError);
    },
  );
});
