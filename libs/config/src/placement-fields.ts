import { z } from 'zod';
import { mostLockDays } from './store-guards.js';

/** How long backups are held against removal, of a target and of a destination alike. */
export const objectLock = z.strictObject({
  mode: z
    .enum(['governance', 'compliance'])
    .describe('governance: those with a right of their own may break the lock; compliance: nobody'),
  days: z.number().positive().max(mostLockDays).describe('Days that it holds, from the writing; fractions allowed'),
});

/** The same where there is a default to turn off. */
export const objectLockOrOff = z.discriminatedUnion('mode', [
  objectLock,
  z.strictObject({ mode: z.literal('off').describe('No lock, whatever S3_OBJECT_LOCK_MODE says') }),
]);
