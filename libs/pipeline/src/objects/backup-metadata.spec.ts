import { describe, expect, it } from '@jest/globals';
import { systemRandom } from '#contracts';
import { generateKey, KeyRing, parseKey } from '#crypto';
import { createMemoryStore } from '#storage';
import { noAbort, putBackup, testRing } from '../../../../test/support/backup-world.js';
import { backupMetadata, readBackupMetadata } from './backup-metadata.js';

describe('what a record keeps of the contents', () => {
  it('names collections without views and system.*, and counts everything', () => {
    const counted = (
      db: string,
      collection: string,
      type: 'collection' | 'view' | 'timeseries' | 'users',
      n: number,
    ) => ({
      db,
      collection,
      type,
      documents: n,
      bsonBytes: 100 * n,
    });
    const namespaces = [
      counted('shop', 'people', 'collection', 3),
      counted('shop', 'adults', 'view', 0),
      counted('shop', 'load', 'timeseries', 2),
      counted('shop', 'system.js', 'collection', 1),
      counted('admin', 'system.users', 'users', 1),
    ];
    expect(backupMetadata({ namespaces, totals: { archiveBytes: 1000 } }, 250)).toEqual({
      collections: [
        { name: 'shop.people', documents: 3, bytes: 300 },
        { name: 'shop.load', documents: 2, bytes: 200 },
      ],
      totalDocuments: 7,
      totalSize: 700,
      compressionRatio: 4,
    });
  });

  it('comes from the sealed manifest of a backup that stands; without its key there is a warning instead', async () => {
    const store = createMemoryStore();
    const { backupId, totals, objects } = await putBackup(store, new Date());
    const { metadata } = await readBackupMetadata({ store, ring: testRing }, backupId, noAbort);
    expect(metadata).toMatchObject({ totalDocuments: totals.documents, totalSize: totals.bsonBytes });
    expect(metadata?.compressionRatio).toBeCloseTo(totals.archiveBytes / objects.data.bytes);
    const ring = new KeyRing({ current: [parseKey(generateKey(systemRandom), 'other').key], retired: [] });
    expect(await readBackupMetadata({ store, ring }, backupId, noAbort)).toEqual({
      metadata: null,
      warnings: [expect.stringContaining(backupId)],
    });
  });
});
