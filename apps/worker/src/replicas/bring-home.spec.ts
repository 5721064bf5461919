import { expect, it } from '@jest/globals';
import { primaryStore, systemClock, systemRandom, type CopyRecord } from '#contracts';
import { noAbort } from '../../../../test/support/backup-world.js';
import { bringHome } from './bring-home.js';

type Parts = Parameters<typeof bringHome>[0];

const backupId = 'clinic-20261101T020000Z-aaaaaa';
const held = () => Promise.resolve({ state: 'held', cancelRequested: false });

it.each([
  ['whose keys are being rotated', { use: { kind: 'rotation' }, commitDue: false }],
  ['of which a new commit is to be finished', { use: { kind: null }, commitDue: true }],
])('a backup %s is brought home later', async (_what, more) => {
  const told: unknown[] = [];
  const log = { child: () => log };
  const parts = {
    ...{
      clock: systemClock,
      random: systemRandom,
      log,
      config: { lease: { leaseMs: 9e4, beatMs: 9e4, reaperMs: 9e4 } },
    },
    tuning: { lookMs: 9e4, tickMs: 9e4 },
    catalog: {
      backups: { find: () => Promise.resolve({ backupId, status: 'missing', place: null, ...more }) },
      copies: {
        ...{ beat: held, look: held },
        release: (_ref: unknown, notBefore: Date) => Promise.resolve(void told.push(notBefore > new Date())),
        forget: () => Promise.resolve(void told.push('forgotten')),
      },
    },
  } as unknown as Parts;
  const copy = { copyId: `${backupId}/${primaryStore}`, backupId, target: 'clinic', attempts: 0, claim: { fence: 1 } };
  expect(await bringHome(parts, copy as CopyRecord, noAbort)).toBe(true);
  expect(told).toEqual([true]);
});
