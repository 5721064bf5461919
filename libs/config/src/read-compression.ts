import type { Compression } from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';

export interface CompressionConfig {
  readonly codec: Compression;
  /** Undefined: the codec's own. */
  readonly level: number | undefined;
}

const highestLevel: Readonly<Record<Compression, number>> = { zstd: 19, gzip: 9, none: 0 };

export function readCompression(reader: EnvironmentReader): CompressionConfig {
  const codec = reader.oneOf('BACKUP_COMPRESSION', ['zstd', 'gzip', 'none']) ?? 'zstd';
  const level = codec === 'none' ? undefined : reader.integer('BACKUP_COMPRESSION_LEVEL', 1, highestLevel[codec]);
  return { codec, level };
}
