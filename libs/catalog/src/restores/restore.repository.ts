import type { Backups } from '../backups/backup-record.js';
import type { RestoreRepository } from '../contract/restores.js';
import { restoreInsertion } from './insert-restore.js';
import { restoreClaims } from './restore-claims.js';
import { restoreEndings } from './restore-endings.js';
import { restoreQueries } from './restore-queries.js';
import type { Restores } from './restore-record.js';

export function restoreRepository(restores: Restores, backups: Backups): RestoreRepository {
  return {
    ...restoreInsertion(restores, backups),
    ...restoreClaims(restores),
    ...restoreEndings(restores),
    ...restoreQueries(restores),
  };
}
