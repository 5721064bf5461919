import { describe, expect, it } from '@jest/globals';
import { frameBytesAt, mostFrames, plannedFrameBytes, smallestFrame } from './frame-plan.js';

const gibibyte = 2 ** 30;

/** Frames that an archive of `bytes` takes when `estimate` was expected. */
function frames(bytes: number, estimate: number | null): number {
  const planned = plannedFrameBytes(estimate);
  let count = 0;
  for (let done = 0; done < bytes; count += 1) done += frameBytesAt(count, planned);
  return count;
}

describe('the size of frames', () => {
  it.each([null, 0, 1, gibibyte, 90 * gibibyte])('is 4 MiB for an estimate of %p bytes', (estimate) => {
    expect(plannedFrameBytes(estimate)).toBe(smallestFrame);
  });

  it('doubles with the estimate', () => {
    expect(plannedFrameBytes(150 * gibibyte)).toBe(2 * smallestFrame);
    expect(plannedFrameBytes(1024 * gibibyte)).toBe(16 * smallestFrame);
  });

  it.each([
    [gibibyte, null],
    [1024 * gibibyte, null],
    [1024 * gibibyte, gibibyte],
    [100 * 1024 * gibibyte, 100 * 1024 * gibibyte],
    [1024 * gibibyte, 1024 * gibibyte],
  ])('an archive of %p bytes, estimated as %p, takes fewer than 65,536 frames', (bytes, estimate) => {
    expect(frames(bytes, estimate)).toBeLessThan(mostFrames);
  });
});
