import { expect, it } from '@jest/globals';
import type { BackupState } from '#contracts';
import { createMemoryStore } from '#storage';
import { putBackup, storeContents } from '../../../../test/support/backup-world.js';
import { encodeBackupJson } from './backup-json-file.js';
import { stillStands } from './confirm.js';

it.each<[BackupState, string | null]>([
  ['deleting', 'run/fenced'],
  ['completed', null],
])(
  'what was sealed anew since, in a record that is %s, is none of an attempt that was asleep',
  async (status, code) => {
    const store = createMemoryStore();
    const backup = await putBackup(store, new Date());
    const folder = `clinic/${backup.backupId}`;
    await store.putBytes(`${folder}/backup.json`, encodeBackupJson({ ...backup, attempt: 5 }));
    for (const name of ['data', 'manifest']) await store.delete(`${folder}/1/${name}.hzn`);
    const look = () => Promise.resolve({ fence: 5, status, commit: { attempt: 5 } });
    const journal = { look, record: () => Promise.resolve(), raiseAbove: () => Promise.resolve(5) };
    const looking = stillStands({ store, journal }, backup);
    await (code === null ? expect(looking).resolves.toBeUndefined() : expect(looking).rejects.toMatchObject({ code }));
    expect(await storeContents(store)).toEqual([`${folder}/backup.json`]);
  },
);
