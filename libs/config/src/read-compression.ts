import type { Compression } from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';

export interface CompressionConfig {
  readonly codec: Compression;
  /** Undefined: the codec's own. */
  readonly level: number | undefined;
}

export const highestLevel: Readonly<Record<Compression, number>> = { zstd: 19, gzip: 9, none: 0 };

export function readCompression(reader: EnvironmentReader): CompressionConfig {
  const codec = reader.oneOf('BACKUP_COMPRESSION', ['zstd', 'gzip', 'none']) ?? 'zstd';
  const level = codec === 'none' ? undefined : reader.integer('BACKUP_COMPRESSION_LEVEL', 1, highestLevel[codec]);
  return { codec, level };
}

/** What a target says, over that of the environment: a level belongs to its codec. Undefined: the level is too high for it. */
export function compressionOver(
  usual: CompressionConfig,
  codec: Compression = usual.codec,
  level: number | undefined,
): CompressionConfig | undefined {
  if (level === undefined) return { codec, level: codec === usual.codec ? usual.level : undefined };
  return level > highestLevel[codec] ? undefined : { codec, level };
}
