import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AppError } from '#contracts';
import { systemClock, systemRandom, type BackupRecord } from '#contracts';
import { putStoreIdentity } from '#pipeline';
import { createMemoryStore, type ObjectStore } from '#storage';
import { noAbort, storeContents } from '../../../../test/support/backup-world.js';
import { choosePlace } from './backup-place.js';

type Parts = Parameters<typeof choosePlace>[0];

const backupId = 'clinic-20261101T020000Z-aaaaaa';
const storeId = 'a'.repeat(32);
const folder = `clinic/${backupId}/`;

/** A worker whose primary store is another one than it was, with two destinations. */
function worker(offsite: ObjectStore, vault: ObjectStore, failures: unknown[]): Parts {
  const ids = new Map<string, string>();
  const of = (name: string, store: ObjectStore) => ({ name, store, options: { kind: 'directory' } });
  return {
    ...{ storeId, store: createMemoryStore(), clock: systemClock, random: systemRandom },
    tuning: { probeTimeoutMs: 10_000 },
    destinations: [of('offsite', offsite), of('vault', vault)],
    config: { store: { kind: 'directory' }, targets: [{ name: 'clinic', replicas: ['offsite', 'vault'] }] },
    log: { failure: (_text: string, error: unknown) => void failures.push(error) },
    catalog: {
      settings: {
        destinationStoreId: (name: string) => Promise.resolve(ids.get(name) ?? null),
        bindDestination: (name: string, id: string) => Promise.resolve(void ids.set(name, id)),
      },
    },
  } as unknown as Parts;
}

const record = (place: string | null) =>
  ({ backupId, target: 'clinic', trigger: 'schedule', place, commit: null }) as unknown as BackupRecord;

describe('while the primary store is away', () => {
  let offsite: ObjectStore;
  let vault: ObjectStore;
  let failures: AppError[];
  const chosen = (place: string | null) => choosePlace(worker(offsite, vault, failures), record(place), noAbort);
  beforeEach(() => {
    [offsite, vault, failures] = [createMemoryStore(), createMemoryStore(), []];
  });

  it('the nearest destination is taken, and again by whoever takes over what was begun there', async () => {
    expect((await chosen(null)).name).toBe('offsite');
    await offsite.putBytes(`${folder}1/data.hzn`, Buffer.from('begun'));
    expect((await chosen('offsite')).name).toBe('offsite');
  });

  it.each([
    ['a backup', null, 'backup.json'],
    ['a backup, in the place that this run wrote to', 'offsite', 'backup.json'],
    ['a copy that is under way', null, '1/data.hzn'],
    ['a copy that is under way, and this run wrote elsewhere', 'vault', '1/manifest.hzn'],
  ])('a destination is left alone in which another installation has %s of the same id', async (_what, place, name) => {
    await offsite.putBytes(`${folder}${name}`, Buffer.from('theirs'));
    await putStoreIdentity(
      offsite,
      { storeId: 'b'.repeat(32), kdfSalt: 'c'.repeat(32), createdAt: new Date() },
      noAbort,
    );
    const before = await storeContents(offsite);
    expect((await chosen(place)).name).toBe('vault');
    expect(failures[0]).toMatchObject({ code: 'store/exists', hint: expect.stringContaining('two installations') });
    expect(await storeContents(offsite)).toEqual(before);

    await vault.putBytes(`${folder}${name}`, Buffer.from('theirs'));
    if (place !== 'vault') await expect(chosen(place)).rejects.toMatchObject({ code: 'store/changed' });
  });
});
