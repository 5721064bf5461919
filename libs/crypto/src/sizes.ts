import {
  firstPlainSegmentBytes,
  headerBytes,
  mostSegments,
  payloadHeadBytes,
  plainSegmentBytes,
  segmentBytes,
  tagBytes,
} from './constants.js';

const mostPlaintext = firstPlainSegmentBytes + (mostSegments - 1) * plainSegmentBytes;
const mostSealed = headerBytes + mostSegments * segmentBytes;

/** Bytes of a sealed file that holds `plaintextBytes`. */
export function sealedSize(plaintextBytes: number): number {
  return headerBytes + payloadHeadBytes + plaintextBytes + segmentCount(plaintextBytes) * tagBytes;
}

/** Segments of a payload; an empty plaintext is one segment. */
export function segmentCount(plaintextBytes: number): number {
  if (!isCount(plaintextBytes, mostPlaintext))
    throw new RangeError(`no container holds ${plaintextBytes} bytes: at most ${mostPlaintext}`);
  if (plaintextBytes <= firstPlainSegmentBytes) return 1;
  return 1 + Math.ceil((plaintextBytes - firstPlainSegmentBytes) / plainSegmentBytes);
}

/** Plaintext bytes of a sealed file of this size; undefined when no file has it. */
export function plaintextSize(sealedBytes: number): number | undefined {
  if (!isCount(sealedBytes, mostSealed)) return undefined;
  const payload = sealedBytes - headerBytes;
  if (payload < payloadHeadBytes + tagBytes) return undefined;
  const segments = Math.ceil(payload / segmentBytes);
  const plaintext = payload - payloadHeadBytes - segments * tagBytes;
  return sealedSize(plaintext) === sealedBytes ? plaintext : undefined;
}

/** File bytes `[start, end)` of segment `index` of a file of this size, which has it (spec/container.md, Range reads). */
export function segmentRange(index: number, sealedBytes: number): { start: number; end: number } {
  const start = headerBytes + (index === 0 ? payloadHeadBytes : index * segmentBytes);
  if (!isCount(index, mostSegments - 1) || start >= sealedBytes)
    throw new RangeError(`a file of ${sealedBytes} bytes has no segment ${index}`);
  return { start, end: Math.min(headerBytes + (index + 1) * segmentBytes, sealedBytes) };
}

/** The segment that holds a plaintext offset, and where in it. */
export function segmentOf(plaintextOffset: number): { index: number; within: number } {
  if (!isCount(plaintextOffset, mostPlaintext - 1))
    throw new RangeError(`no container has an offset ${plaintextOffset}`);
  if (plaintextOffset < firstPlainSegmentBytes) return { index: 0, within: plaintextOffset };
  const rest = plaintextOffset - firstPlainSegmentBytes;
  return { index: 1 + Math.floor(rest / plainSegmentBytes), within: rest % plainSegmentBytes };
}

/** Where the plaintext of a segment begins: the way back from `segmentOf`. */
export function plaintextOffset(index: number): number {
  return index === 0 ? 0 : firstPlainSegmentBytes + (index - 1) * plainSegmentBytes;
}

/** The segment that a byte of the file lies in; undefined in the header. */
export function segmentAt(fileOffset: number): number | undefined {
  return fileOffset < headerBytes ? undefined : Math.floor((fileOffset - headerBytes) / segmentBytes);
}

function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}
