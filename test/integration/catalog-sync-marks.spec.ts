import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { catalogWorld, completedBackup, newTarget, type CatalogWorld } from '../support/catalog-world.js';

// Marks of the store that are newer than the record: a catalogue was set back to an older copy of itself.

let world: CatalogWorld;
beforeAll(async () => {
  world = await catalogWorld();
}, 30_000);
afterAll(() => world.close(), 30_000);

const at = new Date('2026-11-23T02:00:00.000Z');
const hour = (hours: number) => new Date(at.getTime() + hours * 3_600_000);
const verdict = (ok: boolean, hours: number) => ({
  ...{ level: 'readable' as const, ok, at: hour(hours), error: ok ? null : 'segment 4 is damaged' },
  ...{ verificationId: `v-${hours}`, startedAt: hour(hours) },
});

it('pin, label and verdicts come from the store, and older verdicts replace none', async () => {
  const { catalog, sync } = { catalog: world.catalog, sync: world.catalog.sync };
  const backupId = await completedBackup(catalog, newTarget(), {}, at);
  const record = async () => {
    const found = await catalog.backups.find(backupId);
    if (found === null) throw new Error('no record');
    return found;
  };
  const take = async (version: number, verifications: readonly ReturnType<typeof verdict>[]) => {
    const { status, marks } = await record();
    const found = { version, pinned: true, label: 'kept', verifications };
    expect(await sync.takeMarks(backupId, { wanted: marks.wanted, status }, found, hour(9))).toBe(true);
    return record();
  };
  const { hash } = await record();
  expect(await take(2, [verdict(true, 1)])).toMatchObject({
    ...{ pinned: true, label: 'kept', lastProvenAt: hour(1) },
    verifications: [{ verificationId: 'v-1', status: 'completed' }],
    verificationStatus: { verified: true, level: 'readable', verifiedAt: hour(1), verificationHash: hash },
  });
  expect(await take(3, [verdict(true, 1), verdict(false, 2)])).toMatchObject({
    verifications: [{ status: 'completed' }, { status: 'failed', error: { message: 'segment 4 is damaged' } }],
    verificationStatus: { verified: false },
  });
  expect((await catalog.backups.failedVerifications()).map((failed) => failed.backupId)).toEqual([backupId]);
  expect((await take(4, [verdict(true, 1)])).verifications).toHaveLength(2);
});
