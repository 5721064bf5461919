import { canonicalJsonToBson, parseMetadata } from '#archive';
import type { CollectionSpec } from './collection-spec.js';
import { decodeToMap, type BsonMap } from './raw-bson.js';

/** The metadata text of a namespace; null or empty when the archive has none. Throws the archive's errors. */
export function readSpec(metadata: string | null): CollectionSpec {
  if (metadata === null || metadata === '') return { options: new Map(), indexes: [] };
  const { options, indexes } = parseMetadata(metadata);
  return { options: options === null ? new Map<string, unknown>() : toMap(options), indexes: indexes.map(toMap) };
}

function toMap(canonicalJson: string): BsonMap {
  return decodeToMap(canonicalJsonToBson(canonicalJson));
}
