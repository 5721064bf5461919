import { expect, it } from '@jest/globals';
import { toBackupRecord } from './backup-record.js';
import type { BackupDocument } from '../schemas/backup.schema.js';

it('a record of an older version has every field that came later', () => {
  const old = { backupId: 'a', status: 'completed', metadata: { totalSize: 1 } } as unknown as BackupDocument;
  expect(toBackupRecord(old)).toMatchObject({
    ...{ events: [], lockedUntil: null, consistency: null, commitDue: false, running: false },
    ...{ use: { kind: null, owner: null, fence: 0, beat: 0 }, metadata: { totalSize: 1, collections: [] } },
  });
});
