import { expect, it } from '@jest/globals';
import { createMemoryStore } from '#storage';
import { noAbort, putBackup, storeContents } from '../../../../test/support/backup-world.js';
import { replaceCalls } from '../../../../test/support/replace-calls.js';
import { encodeBackupJson } from '../objects/backup-json-file.js';
import { settleCommit } from './settle-commit.js';

// A put that comes late: the backup was let go while it was on its way.

it.each([
  ['while its objects stand: its deleter takes it, or is refused', false, true],
  ['when its objects have gone: nobody else looks for it', true, false],
])('what is put into a deletion, %s', async (_when, isGone, stays) => {
  const memory = createMemoryStore();
  const backup = await putBackup(memory, new Date());
  const folder = `clinic/${backup.backupId}`;
  const bytes = encodeBackupJson({ ...backup, label: 'sealed anew' }).toString('utf8');
  let status: 'completed' | 'deleting' = 'completed';
  const store = replaceCalls(memory, {
    putBytes: async (key, content, options) => {
      status = 'deleting';
      const put = await memory.putBytes(key, content, options);
      if (isGone) for (const name of ['data', 'manifest']) await memory.delete(`${folder}/1/${name}.hzn`);
      return put;
    },
  });
  const record = {
    commit: () => Promise.resolve({ attempt: 1, bytes, due: true, status }),
    settled: () => Promise.reject(new Error('it was not settled')),
  };
  expect(await settleCommit({ store, record }, backup.backupId, noAbort)).toBe(false);
  expect((await storeContents(memory)).includes(`${folder}/backup.json`)).toBe(stays);
});
