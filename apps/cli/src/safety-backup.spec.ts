import { expect, it } from '@jest/globals';
import { isRestoreTargetName, isTargetName, safetyTargetOf } from '#contracts';
import { restoreTargetOf } from './safety-backup.js';

it.each([
  ['RESTORE_TARGET_STAGING_URI', 'staging'],
  ['RESTORE_TARGET_FAR_AWAY_URI', 'far-away'],
  ['TARGET', 'target'],
  ['MONGODB_URI', 'mongodb-uri'],
  ['_MY__SERVER', 'my-server'],
  ['___', 'target'],
  ['A'.repeat(60), 'a'.repeat(33)],
])('what is replaced at %s is backed up as safety-%s', (variable, name) => {
  expect(restoreTargetOf(variable)).toBe(name);
  expect(isRestoreTargetName(name) && isTargetName(safetyTargetOf(name))).toBe(true);
});
