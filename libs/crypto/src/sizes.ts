import {
  firstPlainSegmentBytes,
  headerBytes,
  payloadHeadBytes,
  plainSegmentBytes,
  segmentBytes,
  tagBytes,
} from './constants.js';

/** Bytes of a sealed file that holds `plaintextBytes`. */
export function sealedSize(plaintextBytes: number): number {
  return headerBytes + payloadHeadBytes + plaintextBytes + segmentCount(plaintextBytes) * tagBytes;
}

/** Segments of a payload; an empty plaintext is one segment. */
export function segmentCount(plaintextBytes: number): number {
  if (plaintextBytes <= firstPlainSegmentBytes) return 1;
  return 1 + Math.ceil((plaintextBytes - firstPlainSegmentBytes) / plainSegmentBytes);
}

/** Plaintext bytes of a sealed file of this size; undefined when no file has it. */
export function plaintextSize(sealedBytes: number): number | undefined {
  const payload = sealedBytes - headerBytes;
  if (payload < payloadHeadBytes + tagBytes) return undefined;
  const segments = Math.ceil(payload / segmentBytes);
  const plaintext = payload - payloadHeadBytes - segments * tagBytes;
  return plaintext >= 0 && sealedSize(plaintext) === sealedBytes ? plaintext : undefined;
}

/** File bytes `[start, end)` of segment `index`, its end cut at the file's (spec/container.md, Range reads). */
export function segmentRange(index: number, sealedBytes: number): { start: number; end: number } {
  const start = index === 0 ? headerBytes + payloadHeadBytes : headerBytes + index * segmentBytes;
  return { start, end: Math.min(headerBytes + (index + 1) * segmentBytes, sealedBytes) };
}

/** The segment that holds a plaintext offset, and where in it. */
export function segmentOf(plaintextOffset: number): { index: number; within: number } {
  if (plaintextOffset < firstPlainSegmentBytes) return { index: 0, within: plaintextOffset };
  const rest = plaintextOffset - firstPlainSegmentBytes;
  return { index: 1 + Math.floor(rest / plainSegmentBytes), within: rest % plainSegmentBytes };
}

/** The segment that a byte of the file lies in; undefined in the header. */
export function segmentAt(fileOffset: number): number | undefined {
  return fileOffset < headerBytes ? undefined : Math.floor((fileOffset - headerBytes) / segmentBytes);
}
