import { describe, expect, it } from '@jest/globals';
import type { LoadPlan, LoadReport } from '#engine';
import { restoredReport } from './restore-report.js';

const plan: LoadPlan = {
  namespaces: [
    { from: 'a.b', db: 'c', collection: 'b', type: 'collection', documents: 2, action: 'create' },
    { from: 'a.v', db: 'c', collection: 'v', type: 'view', documents: 0, action: 'create' },
  ],
  notes: [],
};
const report: LoadReport = {
  outcome: 'restored',
  namespaces: [
    { db: 'c', collection: 'b', documents: 2, indexes: 1, bytes: 60, durationMs: 5, differences: [] },
    { db: 'c', collection: 'v', documents: 0, indexes: 0, differences: [] },
  ],
  warnings: ['w'],
};

describe('the report of a restore, as its record keeps it', () => {
  it('tells each namespace with its name in the backup, its size and its time, as far as the loader knows', () => {
    expect(restoredReport(report, plan, ['v', 'w'], 9)).toEqual({
      ...{ dryRun: false, outcome: 'restored', warnings: ['v', 'w'], documents: 2, durationMs: 9 },
      namespaces: [
        {
          ...{ from: 'a.b', db: 'c', collection: 'b', type: 'collection', action: 'create' },
          ...{ documents: 2, bytes: 60, indexes: 1, differences: [], durationMs: 5 },
        },
        {
          ...{ from: 'a.v', db: 'c', collection: 'v', type: 'view', action: 'create' },
          ...{ documents: 0, bytes: null, indexes: 0, differences: [], durationMs: null },
        },
      ],
      ...{ oplog: null, usersAndRoles: null },
    });
  });

  it('tells what came beside the documents', () => {
    const more = { oplog: { entries: 7, at: { t: 1_760_000_000, i: 3 } }, usersAndRoles: { users: 2, roles: 1 } };
    expect(restoredReport({ ...report, ...more }, plan, [], 9)).toMatchObject(more);
  });

  it('of a restore that another worker had begun knows nothing of the plan', () => {
    const [first] = restoredReport(report, { ...plan, namespaces: [] }, [], 9).namespaces;
    expect(first).toMatchObject({ db: 'c', from: null, type: null, action: null });
  });
});
