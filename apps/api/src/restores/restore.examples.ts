import { backupId } from '../backups/backup.examples.js';

export const restoreId = 'restore-20261123T090000Z-q8w2e1';

export const restoreWish = {
  targetName: 'staging',
  mode: 'into-empty',
  databases: ['clinic'],
  rename: [{ from: 'clinic', to: 'clinic_copy' }],
};

export const restoreExamples = {
  scratch: { summary: 'Into databases of its own', value: { targetName: 'staging', mode: 'scratch' } },
  intoEmpty: { summary: 'One database, under another name', value: restoreWish },
  replace: {
    summary: 'Over what is there, of which a backup is made first',
    value: { targetName: 'production', mode: 'replace', include: ['clinic.patients'], confirm: 'production' },
  },
  dryRun: {
    summary: 'What would happen',
    value: { targetName: 'production', mode: 'replace', confirm: 'production', dryRun: true },
  },
};

export const acceptedRestore = {
  restoreId,
  status: 'pending',
  links: {
    self: `/api/admin/restores/${restoreId}`,
    cancel: `/api/admin/restores/${restoreId}/cancel`,
    backup: `/api/admin/backups/${backupId}`,
  },
};
