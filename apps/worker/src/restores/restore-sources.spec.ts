import { expect, it } from '@jest/globals';
import { createMemoryStore } from '#storage';
import { restoreSources } from './restore-sources.js';

type Parts = Parameters<typeof restoreSources>[0];

/** A worker that knows these destinations, and a record of a backup that stands in that place. */
function worker(place: string | null, ...names: readonly string[]): Parts {
  return {
    ...{ store: createMemoryStore(), storeId: 'a'.repeat(32), tuning: { probeTimeoutMs: 1_000 } },
    destinations: names.map((name) => ({ name, store: createMemoryStore(), options: { kind: 'directory' } })),
    config: { store: { kind: 'directory' }, targets: [{ name: 'clinic', replicas: names }] },
    catalog: { backups: { find: (backupId: string) => Promise.resolve({ backupId, target: 'clinic', place }) } },
  } as unknown as Parts;
}

it.each([
  ['in the primary store', null, ['primary', 'offsite', 'vault']],
  ['in a destination', 'vault', ['vault', 'primary', 'offsite']],
  ['in a destination that was taken out of the configuration', 'gone', ['primary', 'offsite', 'vault']],
])('what stands %s is read from there first, and else from the nearest place', async (_what, place, order) => {
  const sources = await restoreSources(worker(place, 'offsite', 'vault'), 'clinic-20261101T020000Z-aaaaaa');
  expect(sources.map(({ name }) => name)).toEqual(order);
});

it('what stands in a place that this worker does not know is nowhere to be read when it knows no other', async () => {
  await expect(restoreSources(worker('gone'), 'clinic-20261101T020000Z-aaaaaa')).rejects.toMatchObject({
    ...{ code: 'store/unreachable', message: expect.stringContaining('the destination gone') },
  });
});
