// Numbers of the sealed container (spec/container.md).
export const headerBytes = 4096;
export const payloadHeadBytes = 40;
export const segmentBytes = 1_048_576;
export const tagBytes = 16;
export const plainSegmentBytes = segmentBytes - tagBytes;
export const firstPlainSegmentBytes = plainSegmentBytes - payloadHeadBytes;
/** The counter in a nonce has four bytes. */
export const mostSegments = 2 ** 32;
