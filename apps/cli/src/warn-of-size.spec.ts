import { expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import type { BackupOutcome } from '#pipeline';
import type { ObjectStore } from '#storage';
import { warnOfSize } from './warn-of-size.js';

it('a store that cannot be listed fails no backup: its warnings say so', async () => {
  const away = new AppError({ code: 'store/unreachable', stage: 'store', message: 'nobody answers', hint: 'Look' });
  const store = {
    listFolders: () => {
      throw away;
    },
  } as unknown as ObjectStore;
  const backup = {
    backupId: 'clinic-20260101T000000Z-000000',
    target: 'clinic',
    databases: [],
    objects: { data: { bytes: 1 } },
  };
  const outcome = { backup, warnings: ['before'] } as unknown as BackupOutcome;
  expect(await warnOfSize(store, outcome, new AbortController().signal)).toEqual({
    backup,
    warnings: ['before', 'The size could not be compared with earlier backups: nobody answers'],
  });
});
