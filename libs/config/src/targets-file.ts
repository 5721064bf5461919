import { z } from 'zod';
import { compressions, targetPattern } from '#contracts';
import { weekdays } from './blackout.js';
import { hooksSettings } from './hook-settings.js';
import { drillSettings } from './read-drill.js';
import { destinations } from './destinations-file.js';
import { objectLockOrOff } from './placement-fields.js';
import { retentionFields } from './retention-fields.js';
import { storageClasses } from './store-guards.js';
import { highestLevel } from './read-compression.js';
import { mostJitterSeconds } from './read-schedule.js';
import { rateOrOff } from './read-throttle.js';

// The form of BACKUP_TARGETS_FILE. Editors are given it as docs/targets.schema.json (npm run openapi writes it; a test compares).

export const readPreferences = ['primary', 'primaryPreferred', 'secondary', 'secondaryPreferred', 'nearest'] as const;
export type ReadPreference = (typeof readPreferences)[number];

const names = (what: string) => z.array(z.string().min(1)).optional().describe(what);

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 08:00');
const blackout = z.strictObject({
  from: timeOfDay.describe('Begins at, by the clock of the time zone'),
  to: timeOfDay.describe('Ends before; not after from: on the next day'),
  days: z.array(z.enum(weekdays)).min(1).optional().describe('The days on which it begins. Default: every day'),
});

const rate = (what: string, variable: string) =>
  rateOrOff.optional().describe(`Most ${what}; off: as fast as it goes. Default: ${variable}`);

/** What overrides the environment: for one target, or (as `defaults`) for all that say nothing of it. */
const settings = {
  include: names('Only namespaces that match: db.collection, * for any text; a bare db is db.*'),
  exclude: names('Leave these namespaces out; wins over include'),
  schedule: z
    .string()
    .optional()
    .describe('Cron of five fields, or six with seconds first; off: none. Default: BACKUP_SCHEDULE'),
  timezone: z
    .string()
    .optional()
    .describe('IANA time zone of the schedule and of the days, weeks, months and years that retention counts'),
  blackouts: z
    .array(blackout)
    .optional()
    .describe('Times in which the schedule begins no backup; what was missed before is made up for afterwards'),
  jitterSeconds: z
    .int()
    .min(0)
    .max(mostJitterSeconds)
    .optional()
    .describe(
      'A backup on schedule begins up to so many seconds late, each slot by its own share, so that not all begin at once. Default: BACKUP_JITTER_SECONDS',
    ),
  engine: z.enum(['auto', 'mongodump', 'native']).optional().describe('Default: BACKUP_ENGINE'),
  oplog: z
    .boolean()
    .optional()
    .describe('With the oplog of a whole replica set (mongodump only), which a restore replays. Default: BACKUP_OPLOG'),
  compression: z.enum(compressions).optional().describe('Default: BACKUP_COMPRESSION'),
  compressionLevel: z
    .int()
    .min(1)
    .max(highestLevel.zstd)
    .optional()
    .describe("1 to 19 for zstd, 1 to 9 for gzip. Default: the codec's own, or BACKUP_COMPRESSION_LEVEL of that codec"),
  hooks: hooksSettings.optional(),
  drill: drillSettings.optional(),
  throttleBytesPerSecond: rate('bytes of archive a second, read from the server', 'BACKUP_THROTTLE_BYTES_PER_SECOND'),
  storeThrottleBytesPerSecond: rate('bytes a second, written to the store', 'BACKUP_STORE_THROTTLE_BYTES_PER_SECOND'),
  readPreference: z
    .enum(readPreferences)
    .optional()
    .describe('Which members of a replica set are read; wins over the URI. secondaryPreferred spares the primary'),
  objectLock: objectLockOrOff
    .optional()
    .describe(
      'Hold its backups in the primary store against removal (copies: see destinations). Default: S3_OBJECT_LOCK_MODE and _DAYS',
    ),
  storageClass: z
    .enum(storageClasses)
    .optional()
    .describe('Of the data objects of its backups in the primary store. Default: S3_STORAGE_CLASS'),
  replicas: names('Destinations that its backups are copied to, the nearest first. Default: all of them'),
  ...retentionFields,
};

const target = z.strictObject({
  name: z
    .string()
    .regex(targetPattern, 'must be 1 to 40 of a-z, 0-9 and "-", not beginning with "-"')
    .describe('Name of the target: 1 to 40 of a-z, 0-9 and "-". It stands in the id of every backup'),
  uriVariable: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of a variable, such as CLINIC_MONGODB_URI')
    .describe('Name of the environment variable that holds the URI. Never the URI itself: this file holds no secrets'),
  databases: names('Only these databases; otherwise the one in the URI, else all, new ones too'),
  ...settings,
});

export const targetsFile = z.strictObject({
  defaults: z.strictObject(settings).optional().describe('For every target that does not say otherwise'),
  targets: z.array(target).min(1),
  destinations,
});
export type TargetsFile = z.output<typeof targetsFile>;

/** JSON Schema of the file, for editors. */
export function targetsSchema(): object {
  return {
    ...z.toJSONSchema(targetsFile, { io: 'input' }),
    title: 'Hazina: targets (BACKUP_TARGETS_FILE)',
    description:
      'What to back up, and when. YAML or JSON. Settings that a target leaves out are those of defaults, and else of the environment',
  };
}
