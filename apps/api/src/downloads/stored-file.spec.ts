import { expect, it } from '@jest/globals';
import type { BackupRecord } from '#contracts';
import { createMemoryStore } from '#storage';
import { locate } from './stored-file.js';

it('a backup that is not home yet is no download, and the hint says where to read it', async () => {
  const backupId = 'clinic-20261101T020000Z-aaaaaa';
  const s3Key = `copies/clinic/${backupId}/1/data.hzn`;
  const record = { backupId, target: 'clinic', s3Key, hash: 'a'.repeat(64), size: 1, storeId: 'b', place: 'offsite' };
  const located = locate(createMemoryStore(), record as unknown as BackupRecord, new AbortController().signal);
  await expect(located).rejects.toMatchObject({
    ...{ code: 'store/changed', retry: 'retry', message: expect.stringContaining('the destination offsite') },
    hint: expect.stringContaining(`hazina restore ${backupId} --from offsite`),
  });
});
