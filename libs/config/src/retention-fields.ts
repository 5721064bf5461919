import { z } from 'zod';
import { mostKept, mostRetentionDays } from './read-retention.js';

const count = (what: string) => z.int().min(0).max(mostKept).optional().describe(`Keep ${what}; 0: no such rule`);

/** What is kept, of a target and of a destination alike. */
export const retentionFields = {
  retentionDays: z
    .int()
    .min(0)
    .max(mostRetentionDays)
    .optional()
    .describe(
      'Keep everything younger; 0: no such rule, and another one must keep something. Default: BACKUP_RETENTION_DAYS',
    ),
  keepLast: count('so many of the newest'),
  keepHourly: count('the newest of each of so many hours'),
  keepDaily: count('the newest of each of so many days'),
  keepWeekly: count('the newest of each of so many weeks'),
  keepMonthly: count('the newest of each of so many months'),
  keepYearly: count('the newest of each of so many years'),
  keepWithinBytes: z
    .int()
    .min(0)
    .optional()
    .describe('Keep the newest that fit in so many bytes together; 0: no such rule'),
  minKeep: z.int().min(1).max(mostKept).optional().describe('Good backups that are kept in any case'),
};
