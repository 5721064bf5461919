import { expect, it } from '@jest/globals';
import { schemas } from './models.js';
import { schemaDefaults } from './schema-defaults.js';

const filled = (name: keyof typeof schemas, document: Record<string, unknown>): Record<string, unknown> => {
  schemaDefaults(schemas[name])(document);
  return document;
};

it('a record of an older version has every field that came later, inside of its parts too', () => {
  expect(filled('Backup', { backupId: 'a', status: 'completed', metadata: { totalSize: 1 } })).toMatchObject({
    ...{ backupId: 'a', status: 'completed', events: [], lockedUntil: null, consistency: null, commitDue: false },
    use: { kind: null, owner: null, fence: 0, beat: 0 },
    metadata: { totalSize: 1, collections: [] },
    verificationStatus: { verified: false, level: null, verifiedAt: null, verificationHash: null },
  });
  expect(filled('Task', { rotation: { target: null }, rotated: { backups: [{ backupId: 'a' }] } })).toMatchObject({
    rotation: { target: null, dryRun: false, rewrite: false, keyIds: null },
    rotated: { rewrite: false, reports: [], backups: [{ backupId: 'a', error: null }] },
  });
});

it('what is there stays, null too; what has no default stays absent; nothing is shared', () => {
  const backup = filled('Backup', { pinned: true, warnings: ['odd'], size: null, metadata: null });
  expect(backup).toMatchObject({ pinned: true, warnings: ['odd'], size: null, metadata: null });
  for (const name of ['running', 'fleetPlace', 'backupId', '_id']) expect(backup).not.toHaveProperty(name);
  expect(filled('Backup', {})['events']).not.toBe(filled('Backup', {})['events']);
});
