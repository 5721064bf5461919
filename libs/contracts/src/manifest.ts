import { z } from 'zod';
import { backupFacts, storedObject } from './backup-json.js';

// The manifest, schema hazina-manifest/1 (spec/objects.md): what the archive holds, sealed.

const count = z.int().min(0);

const jsonObject = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'is not an object',
);

export const namespaceTypes = ['collection', 'view', 'timeseries', 'oplog', 'users', 'roles'] as const;
export type NamespaceType = (typeof namespaceTypes)[number];

export const manifestNamespace = z.looseObject({
  db: z.string(),
  collection: z.string(),
  type: z.enum(namespaceTypes),
  documents: count,
  bsonBytes: count,
  crc64: z.string().regex(/^[0-9a-f]{16}$/, 'is not 16 lower-case hex digits'),
  /** Canonical Extended JSON of the archive's prelude. Taken as it is: a copy would lose field names such as `__proto__`. */
  indexes: z.array(jsonObject),
  options: jsonObject.nullable(),
});
export type ManifestNamespace = z.output<typeof manifestNamespace>;

/** `[archiveBytes, compressedBytes]` of one independent frame. */
export type Frame = [number, number];
/** `[namespace, archiveOffset, archiveBytes]` of a data block, from its namespace header through its terminator. */
export type BlockExtent = [number, number, number];

export const manifest = backupFacts.extend({
  schema: z.literal('hazina-manifest/1'),
  objects: z.looseObject({ data: storedObject }),
  namespaces: z.array(manifestNamespace),
  warnings: z.array(z.string()),
  frames: z
    .array(z.tuple([count, count]))
    .max(65_536)
    .optional(),
  blocks: z.array(z.tuple([count, count, count])).optional(),
});
export type Manifest = z.output<typeof manifest>;
