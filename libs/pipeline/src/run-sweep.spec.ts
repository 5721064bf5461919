import { expect, it } from '@jest/globals';
import { systemClock } from '#contracts';
import { createMemoryStore } from '#storage';
import { MovedClock } from '../../../test/support/moved-clock.js';
import { noAbort, putBackup, storeContents } from '../../../test/support/backup-world.js';
import type { DeletionView } from './deps.js';
import { runSweep } from './run-sweep.js';

/** Of a record of which nothing else keeps what lies there. */
const plain = {
  ...{ commitConflict: false, committed: null, pinned: false, foundBad: false, usedBy: null },
  otherGood: [],
};
const hourMs = 3_600_000;

it('takes away what broken-off copies left in a destination, after the grace and of known backups alone', async () => {
  const store = createMemoryStore();
  const now = new Date(Date.now() - 100 * hourMs);
  const clock = new MovedClock(now);
  const kept = await putBackup(store, now);
  const at = (id: string, name: string) => `clinic/${id}/${name}`;
  const [going, failed, theirs, running] = ['aaaaa1', 'aaaaa2', 'aaaaa3', 'aaaaa4'].map(
    (six) => `clinic-20261101T020000Z-${six}`,
  ) as [string, string, string, string];
  const orphans = [at(kept.backupId, '7/data.hzn'), at(going, '1/data.hzn'), at(failed, '2/data.hzn')];
  const others = [at(theirs, '1/data.hzn'), at(running, '1/data.hzn')];
  for (const key of [...orphans, ...others]) await store.putBytes(key, Buffer.from('left'));
  const states: Record<string, DeletionView['status']> = {
    ...{ [kept.backupId]: 'completed', [going]: 'deleted', [failed]: 'failed', [running]: 'in_progress' },
  };
  const view = (backupId: string) => {
    const status = states[backupId];
    return Promise.resolve(status === undefined ? null : { ...plain, status });
  };
  const sweep = () => runSweep({ store, clock, catalog: { view } }, { graceMs: 24 * hourMs }, noAbort);
  const before = await storeContents(store);

  expect(await sweep()).toMatchObject({ removed: 0 });
  clock.pass(23 * hourMs);
  expect(await sweep()).toMatchObject({ removed: 0 });
  clock.pass(2 * hourMs);
  const result = await sweep();
  expect(result.removed).toBe(result.freedBytes / 4);
  const left = (await storeContents(store)).filter((key) => !key.startsWith('_hazina/'));
  expect(left).toEqual(before.filter((key) => !orphans.includes(key)));
});

it('what may be a whole backup is kept there, and told of as what only the primary store can take in', async () => {
  const store = createMemoryStore();
  const folder = 'clinic/clinic-20261101T020000Z-aaaaa1/1/';
  for (const name of ['data.hzn', 'manifest.hzn']) await store.putBytes(`${folder}${name}`, Buffer.from('left'));
  const catalog = { view: () => Promise.resolve({ status: 'failed' as const, ...plain }) };
  const { reports } = await runSweep({ store, clock: systemClock, catalog }, { graceMs: 0 }, noAbort);
  expect(reports).toEqual([expect.stringContaining('copied to the primary store, hazina catalog sync --adopt')]);
});

it('two installations that copy to one place remember what each saw there, until it is gone', async () => {
  const store = createMemoryStore();
  const clock = new MovedClock(new Date(Date.now() - 100 * hourMs));
  const folders = ['aaaaa1', 'aaaaa2'].map((six) => `clinic/clinic-20261101T020000Z-${six}/`) as [string, string];
  for (const folder of folders) await store.putBytes(`${folder}1/data.hzn`, Buffer.from('left'));
  const installations = folders.map((folder) => ({
    view: (backupId: string): Promise<DeletionView | null> => {
      return Promise.resolve(folder.includes(backupId) ? { status: 'failed', ...plain } : null);
    },
  }));
  const sweep = async () => {
    const removed: number[] = [];
    for (const catalog of installations)
      removed.push((await runSweep({ store, clock, catalog }, { graceMs: 24 * hourMs }, noAbort)).removed);
    return removed;
  };
  expect(await sweep()).toEqual([0, 0]);
  clock.pass(25 * hourMs);
  expect(await sweep()).toEqual([1, 1]);
  await sweep();
  expect(await storeContents(store)).toEqual([]);
});
