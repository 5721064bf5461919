import { expect, it } from '@jest/globals';
import { lockAsks, lockAsksOfDestination } from './lock-asks.js';
import type { S3Config } from './store-config.js';

const lock = { mode: 'governance', days: 14 } as const;
const own = { mode: 'compliance', days: 30 } as const;
const bucket: S3Config = {
  ...{ kind: 's3', bucket: 'b', prefix: '', forcePathStyle: false, sse: 'none', checksums: 'auto' },
  uploadConcurrency: 1,
};
const targets = [
  { name: 'clinic', placement: { objectLock: own } },
  { name: 'shop', placement: { objectLock: null } },
  { name: 'other', placement: {} },
  { name: 'plain' },
];

it('a bucket is asked for a lock by the environment and by each target that has one of its own', () => {
  expect(lockAsks({ ...bucket, objectLock: lock }, targets)).toEqual([
    { ...lock, by: 'S3_OBJECT_LOCK_MODE' },
    { ...own, by: 'objectLock of the target clinic' },
  ]);
  expect(lockAsks(bucket, targets.slice(1))).toEqual([]);
  expect(lockAsks({ kind: 'directory', directory: '/d' }, targets)).toEqual([]);
});

it('and that of a destination by its own setting alone', () => {
  expect(lockAsksOfDestination('offsite', { ...bucket, objectLock: lock })).toEqual([
    { ...lock, by: 'objectLock of the destination offsite' },
  ]);
  expect(lockAsksOfDestination('offsite', bucket)).toEqual([]);
  expect(lockAsksOfDestination('vault', { kind: 'directory', directory: '/d' })).toEqual([]);
});
