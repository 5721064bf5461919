import { expect, it } from '@jest/globals';
import { systemClock, type RecordedVerification } from '#contracts';
import type { FindOptions } from '../store/record-collection.js';
import type { Backups } from './backup-record.js';
import { queries } from './backup-queries.js';
import type { KnownTargets } from './known-targets.js';

const damaged: RecordedVerification = {
  ...{ verificationId: 'v', level: 'readable', status: 'failed', startedAt: new Date(), completedAt: new Date() },
  error: { code: 'container/corrupt', stage: 'verify', retryable: false, hint: null, message: 'x' },
};

/** Backups of today, newest first, of which so many newest are damaged. */
function catalogue(records: number, damagedOnes: number) {
  const all = Array.from({ length: records }, (_, index) => ({
    ...{ backupId: `b-${index}`, status: 'completed', verifications: index < damagedOnes ? [damaged] : [] },
  }));
  const asked: FindOptions[] = [];
  const backups = {
    find(_filter: unknown, options: FindOptions) {
      asked.push(options);
      const { skip = 0, limit = records } = options;
      return Promise.resolve(all.slice(skip, skip + limit));
    },
  };
  const { otherGood } = queries(backups as unknown as Backups, {} as KnownTargets, systemClock);
  return { asked, otherGood };
}

it('finds one good backup among a few records, not among a hundred', async () => {
  const { asked, otherGood } = catalogue(300, 2);
  expect(await otherGood({ backupId: 'b-2', target: 'shop' }, 1)).toEqual(['b-3']);
  expect(asked.map(({ limit }) => limit)).toEqual([10]);
});

it('goes on by the hundred where the newest are no good, without passing over any', async () => {
  const { asked, otherGood } = catalogue(300, 110);
  expect(await otherGood({ backupId: '', target: 'shop' }, 1)).toEqual(['b-110']);
  expect(asked.map(({ skip, limit }) => [skip, limit])).toEqual([
    [0, 10],
    [10, 100],
    [110, 100],
  ]);
});

it('gives all good ones where no number is given', async () => {
  const { otherGood } = catalogue(205, 5);
  expect(await otherGood({ backupId: 'b-7', target: 'shop' })).toHaveLength(199);
});
