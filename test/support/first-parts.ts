// What the documents of the first versions have in common.

export const at = (minutes: number) => new Date(Date.UTC(2026, 10, 23, 2, minutes));
export const sha256 = '9f'.repeat(32);
export const storeId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
export const claim = { fence: 1, owner: 'worker/12/3f9a', beat: 4, lost: 0 };
export const unclaimed = { fence: 0, owner: null, beat: 0, lost: 0 };
export const error = { code: 'source/unreachable', stage: 'dump', retryable: true, hint: null };
export const ends = { startedAt: at(0), completedAt: at(3), errorMessage: null, error: null };

export const firstIds = {
  backup: 'clinic-20261123T020000Z-k3f9q2',
  pending: 'lab-20261123T020000Z-k3f9q3',
  cleanup: 'cleanup-20261123T040000Z-x7c2m1',
  rotation: 'rotation-20261123T040000Z-x7c2m1',
  restore: 'restore-20261123T090000Z-q8w2e1',
  drill: 'drill-20261123T050000Z-q8w2e1',
};
export const firstKey = `clinic/${firstIds.backup}/1/data.hzn`;
