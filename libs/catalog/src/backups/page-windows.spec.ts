import { describe, expect, it } from '@jest/globals';
import type { BackupQuery } from '../contract/backups.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { PageWindows } from './page-windows.js';

const dayMs = 86_400_000;
const end = new Date('2026-11-26T12:00:00Z');
const list: BackupQuery = { page: 1, limit: 20, sortBy: 'createdAt', sortOrder: 'desc' };
const before = (ms: number) => ({ createdAt: new Date(end.getTime() - ms) }) as BackupDocument;

describe('where the newest of a list are looked for', () => {
  it('in windows that grow, while nothing is known of the list', () => {
    expect(new PageWindows().of(list, 20)).toEqual([2 * dayMs, 12 * dayMs, 60 * dayMs, 1000 * dayMs]);
  });

  it('half as far again as the same list reached last, by how many records are looked for; of it alone', () => {
    const windows = new PageWindows();
    windows.learn(list, end, 20, before(dayMs));
    expect(windows.of({ ...list, page: 7, from: new Date(0) }, 40)).toEqual([
      ...[3 * dayMs, 12 * dayMs, 60 * dayMs, 1000 * dayMs],
    ]);
    expect(windows.of({ ...list, target: 'clinic' }, 40)).toHaveLength(4);
    windows.learn(list, end, 20, before(10 * dayMs));
    expect(windows.of(list, 20)).toEqual([15 * dayMs, 60 * dayMs, 1000 * dayMs]);
  });

  it('never in a window of nothing, and not by a record without the time', () => {
    const windows = new PageWindows();
    windows.learn(list, end, 20, { createdAt: null } as unknown as BackupDocument);
    windows.learn(list, end, 20, undefined);
    expect(windows.of(list, 20)).toHaveLength(4);
    windows.learn(list, end, 20, before(-5_000));
    expect(windows.of(list, 20)[0]).toBe(60_000);
  });

  it('forgets what was learnt first, of a thousand lists', () => {
    const windows = new PageWindows();
    for (let target = 0; target <= 1_000; target += 1)
      windows.learn({ ...list, target: `t${target}` }, end, 20, before(dayMs));
    expect([0, 1, 1_000].map((target) => windows.of({ ...list, target: `t${target}` }, 20)[0])).toEqual([
      ...[2 * dayMs, 1.5 * dayMs, 1.5 * dayMs],
    ]);
  });
});
