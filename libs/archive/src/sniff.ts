import { magic } from './encode.js';

const gzipMagic = Buffer.from([0x1f, 0x8b]);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const sealedMagic = Buffer.from('HAZINA\0\x01', 'latin1');

export type Sniffed = 'archive' | 'gzip' | 'zstd' | 'sealed' | 'unknown';

/** What a file is, by its first bytes (eight are enough). */
export function sniff(first: Uint8Array): Sniffed {
  const begins = (prefix: Buffer) => first.length >= prefix.length && prefix.equals(first.subarray(0, prefix.length));
  if (begins(magic)) return 'archive';
  if (begins(gzipMagic)) return 'gzip';
  if (begins(zstdMagic)) return 'zstd';
  // Also with a damaged version: the container's own reader names what is wrong with it.
  return begins(sealedMagic.subarray(0, 6)) ? 'sealed' : 'unknown';
}
