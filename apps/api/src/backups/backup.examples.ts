export const backupId = 'clinic-20261123T020000Z-k3f9q2';
/** That a backup is consistent to: a second after its slot. */
export const moment = { t: 1_795_399_201, i: 1 };
export const syncId = 'sync-20261123T040000Z-x7c2m1';
export const cleanupId = 'cleanup-20261123T040000Z-x7c2m1';
export const rotationId = 'rotation-20261123T040000Z-x7c2m1';

export const accepted = {
  backupId,
  status: 'pending',
  links: {
    self: `/api/admin/backups/${backupId}`,
    events: `/api/admin/backups/${backupId}/events`,
    download: `/api/admin/backups/${backupId}/download`,
    verify: `/api/admin/backups/${backupId}/verify`,
    restore: `/api/admin/backups/${backupId}/restore`,
  },
};

export const download = {
  url: 'https://clinic-backups.s3.eu-central-1.amazonaws.com/mongodb-backups/clinic/clinic-20261123T020000Z-k3f9q2/1/data.hzn?X-Amz-Expires=300',
  expiresAt: '2026-11-23T02:10:00.000Z',
  fileName: `${backupId}.hzn`,
  size: 82_763_881,
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  header: null,
};
