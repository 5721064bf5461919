import { expect, it } from '@jest/globals';
import type { BackupState } from '#contracts';
import { createMemoryStore } from '#storage';
import { noAbort, putBackup, storeContents } from '../../../../test/support/backup-world.js';
import { MemorySyncCatalog } from '../../../../test/support/memory-sync-catalog.js';
import { findOutOfStep } from './find-unrecorded.js';
import type { SyncRecord } from './sync-types.js';

interface Case {
  readonly status: BackupState | null;
  readonly stands: boolean;
  readonly more?: Partial<SyncRecord>;
}

/** What is found of one backup between two others that are in step. */
async function found({ status, stands, more = {} }: Case) {
  const store = createMemoryStore();
  const catalog = new MemorySyncCatalog();
  const ids: string[] = [];
  for (let day = 1; day <= 3; day += 1) ids.push((await putBackup(store, new Date(Date.UTC(2026, 10, day)))).backupId);
  const [first = '', odd = '', last = ''] = ids;
  for (const backupId of [first, last]) catalog.add(backupId, 'completed');
  if (status !== null) catalog.add(odd, status, more);
  if (!stands) for (const key of await storeContents(store)) if (key.includes(odd)) await store.delete(key);
  const all: string[] = [];
  for await (const { backupId, what } of findOutOfStep({ store, catalog }, noAbort))
    all.push(backupId === odd ? what : backupId);
  return all;
}

it.each<[string, Case, readonly string[]]>([
  ['stands and has no record', { status: null, stands: true }, ['unrecorded']],
  ['has a record and does not stand', { status: 'completed', stands: false }, ['missing']],
  ['stands and was deleted', { status: 'deleted', stands: true }, []],
  ['is there, and known', { status: 'completed', stands: true }, []],
  ['is known to be missing', { status: 'missing', stands: false }, []],
  ['is being deleted', { status: 'deleting', stands: false }, []],
  ['is being made', { status: 'in_progress', stands: false }, []],
  ['was missing, and is there again', { status: 'missing', stands: true }, ['returned']],
  ['was sealed anew', { status: 'completed', stands: true, more: { committed: 0 } }, ['later-attempt']],
  ['is being sealed anew', { status: 'completed', stands: true, more: { committed: 0, commitDue: true } }, []],
  ['stands in a destination', { status: 'completed', stands: false, more: { place: 'vault' } }, []],
  ['is to be committed by a rewrite', { status: 'completed', stands: false, more: { commitDue: true } }, []],
])('one that %s', async (_name, given, expected) => {
  expect(await found(given)).toEqual(expected);
});
