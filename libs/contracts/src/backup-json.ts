import { z } from 'zod';
import { isTimestamp } from './environment.js';
import { backupIdPattern, targetPattern } from './ids.js';

// `backup.json`, schema hazina-backup/1 (spec/objects.md). Readers ignore unknown fields and keep them.

export const timestamp = z.string().refine(isTimestamp, 'is not a time of the form YYYY-MM-DDTHH:MM:SS.sssZ');
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in 64 lower-case hex digits');
const hex32 = z.string().regex(/^[0-9a-f]{32}$/, 'is not 32 lower-case hex digits');
const hex16 = z.string().regex(/^[0-9a-f]{16}$/, 'is not 16 lower-case hex digits');

export const compressions = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** One sealed object of a backup. `key` is relative to the backup's folder: `<attempt>/data.hzn`. */
export const storedObject = z.looseObject({
  key: z
    .string()
    .regex(/^[1-9][0-9]{0,9}\/(data|manifest)\.hzn$/, 'is not <attempt>/data.hzn or <attempt>/manifest.hzn'),
  bytes: count,
  sha256,
  fileId: hex32,
});
export type StoredObject = z.output<typeof storedObject>;

/** The fields that `backup.json` and the manifest share. */
export const backupFacts = z.looseObject({
  backupId: z.string().regex(backupIdPattern, 'is not a backup id'),
  target: z.string().regex(targetPattern, 'is not a target name'),
  attempt: z.int().min(1),
  trigger: z.enum(['manual', 'schedule', 'catch-up', 'cli', 'safety']),
  startedAt: timestamp,
  completedAt: timestamp,
  expiresAt: timestamp.nullable(),
  label: z.string().nullable(),
  pinned: z.boolean(),
  databases: z.array(z.string()),
  /** What was chosen by hand, where that is another part of the server than the target is (`partName`). */
  part: z.string().min(1).optional(),
  engine: z.looseObject({ name: z.string(), version: z.string() }),
  server: z.looseObject({ version: z.string(), topology: z.enum(['standalone', 'replica-set', 'sharded']) }),
  consistency: z.looseObject({
    mode: z.enum(['none', 'snapshot', 'oplog']),
    at: z.looseObject({ t: count, i: count }).nullable(),
  }),
  content: z.looseObject({ kind: z.literal('mongodump-archive'), compression: z.enum(compressions) }),
  keyIds: z.array(hex16).min(1),
  totals: z.looseObject({
    databases: count,
    collections: count,
    views: count,
    documents: count,
    bsonBytes: count,
    archiveBytes: count,
    compressedBytes: count,
  }),
});

export type BackupFacts = z.output<typeof backupFacts>;

export const backupJson = backupFacts.extend({
  schema: z.literal('hazina-backup/1'),
  objects: z.looseObject({ data: storedObject, manifest: storedObject }),
});
export type BackupJson = z.output<typeof backupJson>;
export type BackupTotals = BackupJson['totals'];
export type Trigger = BackupJson['trigger'];
export type Consistency = BackupJson['consistency'];
export type Topology = BackupJson['server']['topology'];
