import { z } from 'zod';
import { timestamp } from './backup-json.js';

// The small plain files of the bucket (spec/objects.md).

const hex32 = z.string().regex(/^[0-9a-f]{32}$/, 'is not 32 lower-case hex digits');

/** `hazina.json`: the store's identity, and the salt that makes passphrase key ids stable in an installation. */
export const storeIdentity = z.looseObject({
  schema: z.literal('hazina-store/1'),
  storeId: hex32,
  kdfSalt: hex32,
  createdAt: timestamp,
});
export type StoreIdentity = z.output<typeof storeIdentity>;

export const verificationLevels = ['stored', 'readable', 'restored'] as const;
export type VerificationLevel = (typeof verificationLevels)[number];

/** `marks.json`: what people may change after the commit. */
export const marks = z.looseObject({
  schema: z.literal('hazina-marks/1'),
  version: z.int().min(0),
  pinned: z.boolean(),
  label: z.string().nullable(),
  verifications: z.array(
    z.looseObject({
      level: z.enum(verificationLevels),
      ok: z.boolean(),
      at: timestamp,
      error: z.string().nullable().optional(),
      // Of this version's own records: what is none is as good as not there.
      verificationId: z.string().max(200).optional().catch(undefined),
      startedAt: timestamp.optional().catch(undefined),
    }),
  ),
  updatedAt: timestamp,
});
export type Marks = z.output<typeof marks>;
export type MarkedVerification = Marks['verifications'][number];

/** `lease.json`: a running attempt; its counter changes every `everySeconds`. */
export const lease = z.looseObject({
  schema: z.literal('hazina-lease/1'),
  attempt: z.int().min(1),
  counter: z.int().min(0),
  everySeconds: z.int().min(1),
});
export type Lease = z.output<typeof lease>;

/** `_hazina/sightings.json`: when the sweeper of a store without catalogue first saw what no backup names. */
export const sightings = z.looseObject({
  schema: z.literal('hazina-sightings/1'),
  sightings: z.array(
    z.looseObject({ folder: z.string(), firstSeen: timestamp, leaseCounter: z.int().min(0).nullable() }),
  ),
});
export type Sightings = z.output<typeof sightings>;
