import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Catalog, InsertOutcome } from '#catalog';
import {
  catalogWorld,
  completeBackup,
  failure,
  manualBackup,
  newTarget,
  slotBackup,
  type CatalogWorld,
} from '../support/catalog-world.js';

// How records come in: the server's unique indexes decide, however many try at the same moment.

let world: CatalogWorld;
let catalog: Catalog;
let other: Catalog;
beforeAll(async () => {
  world = await catalogWorld();
  catalog = world.catalog;
  other = await world.another();
});
afterAll(() => world.close());

const slotAt = (minute: number): Date => new Date(Date.UTC(2026, 10, 23, 2, minute));
const outcomes = (results: readonly InsertOutcome[]) => results.map(({ outcome }) => outcome).sort();

describe('insert', () => {
  it('a slot gets one record, whoever of fifty comes first', async () => {
    const target = newTarget();
    const backup = slotBackup(target, slotAt(0));
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? catalog : other).backups.insert(backup)),
    );
    expect(outcomes(results)).toEqual([...Array.from({ length: 49 }, () => 'exists'), 'inserted']);
    expect(await world.client.db(world.database).collection('backups').countDocuments({ target })).toBe(1);
    for (const result of results)
      expect(result).toMatchObject({ record: { backupId: backup.backupId, running: true } });
  });

  it('of two triggers at the same moment one is inserted, the other is told the running one', async () => {
    for (let round = 0; round < 10; round += 1) {
      const target = newTarget();
      const results = await Promise.all([catalog, other].map(({ backups }) => backups.insert(manualBackup(target))));
      expect(outcomes(results)).toEqual(['busy', 'inserted']);
      const inserted = results.find((result) => result.outcome === 'inserted');
      const busy = results.find((result) => result.outcome === 'busy');
      expect(busy?.runningId).toBe(inserted?.record.backupId);
    }
  });

  it('a slot whose target is busy waits, and a newer one replaces it', async () => {
    const target = newTarget();
    const running = manualBackup(target);
    await catalog.backups.insert(running);
    expect(await catalog.backups.insert(slotBackup(target, slotAt(0)))).toMatchObject({
      outcome: 'waiting',
      superseded: [],
      record: { status: 'pending', running: false },
    });
    const second = await catalog.backups.insert(slotBackup(target, slotAt(5)));
    expect(second).toMatchObject({
      outcome: 'waiting',
      superseded: [
        { slot: slotAt(0), status: 'failed', error: { code: 'superseded' }, errorMessage: expect.any(String) },
      ],
    });
    expect(await catalog.backups.unalerted()).toContainEqual(expect.objectContaining({ slot: slotAt(0) }));
    expect(await catalog.backups.latest(target, 5)).toEqual([]);
    expect(await catalog.backups.waitingTargets()).toContain(target);
    expect(await catalog.backups.promoteWaiting(target)).toBeNull();

    await completeBackup(catalog, running.backupId, target);
    const promoted = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? catalog : other).backups.promoteWaiting(target)),
    );
    expect(promoted.filter((record) => record !== null)).toMatchObject([{ slot: slotAt(5), running: true }]);
    expect(await catalog.backups.waitingTargets()).not.toContain(target);
  });

  it('an older slot does not push a newer one aside', async () => {
    const target = newTarget();
    await catalog.backups.insert(manualBackup(target));
    await catalog.backups.insert(slotBackup(target, slotAt(10)));
    const late = await catalog.backups.insert(slotBackup(target, slotAt(5)));
    expect(late).toMatchObject({ superseded: [{ slot: slotAt(5) }], record: { status: 'failed' } });
    expect(await catalog.backups.waitingTargets()).toContain(target);
  });

  it('many slots at once leave one waiting and no two running', async () => {
    const target = newTarget();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? catalog : other).backups.insert(slotBackup(target, slotAt(index))),
      ),
    );
    expect(results.filter(({ outcome }) => outcome === 'exists')).toEqual([]);
    const collection = world.client.db(world.database).collection('backups');
    expect(await collection.countDocuments({ target, running: target })).toBe(1);
    expect(await collection.countDocuments({ target, status: 'pending', running: { $exists: false } })).toBeLessThan(2);
    expect(await collection.countDocuments({ target, status: 'pending', running: null })).toBeLessThan(2);
  });

  it('a backup that is asked for takes the place of a slot that waits for its time, which follows it', async () => {
    const target = newTarget();
    const slot = slotBackup(target, slotAt(0));
    await catalog.backups.insert(slot);
    // About to begin: it is under way.
    expect(await catalog.backups.insert(manualBackup(target))).toMatchObject({ outcome: 'busy' });
    await catalog.backups.postpone(slot.backupId, new Date(Date.now() + 3_600_000), 'a blackout');
    const asked = manualBackup(target);
    expect(await catalog.backups.insert(asked)).toMatchObject({ outcome: 'inserted', record: { running: true } });
    expect(await catalog.backups.claim(slot.backupId, 'w', new Date())).toBeNull();
    expect(await catalog.backups.find(slot.backupId)).toMatchObject({
      ...{ status: 'pending', running: false, nextAttemptAt: expect.any(Date) },
      events: [{ type: 'created' }, { type: 'postponed' }, { type: 'gave-way' }],
    });
    await completeBackup(catalog, asked.backupId, target);
    expect(await catalog.backups.promoteWaiting(target)).toMatchObject({ backupId: slot.backupId, running: true });
    // Before its time it is not due, place or not.
    expect((await catalog.backups.pendingDue(new Date())).map(({ backupId }) => backupId)).not.toContain(slot.backupId);
  });

  it('of many that are asked for at once one takes that place, whoever gives it back to the slot meanwhile', async () => {
    for (let round = 0; round < 5; round += 1) {
      const target = newTarget();
      const slot = slotBackup(target, slotAt(0));
      await catalog.backups.insert(slot);
      await catalog.backups.postpone(slot.backupId, new Date(Date.now() + 3_600_000), 'a blackout');
      const [results] = await Promise.all([
        Promise.all([catalog, other, catalog].map(({ backups }) => backups.insert(manualBackup(target)))),
        ...[other, catalog].map(({ backups }) => backups.promoteWaiting(target)),
      ]);
      expect(outcomes(results)).toEqual(['busy', 'busy', 'inserted']);
      const collection = world.client.db(world.database).collection('backups');
      expect(await collection.countDocuments({ target, running: target })).toBe(1);
    }
  });

  it('a slot that waits for its time and was committed, or that nobody scheduled, keeps the place', async () => {
    const target = newTarget();
    const slot = slotBackup(target, slotAt(0));
    await catalog.backups.insert(slot);
    const fence = (await catalog.backups.claim(slot.backupId, 'w', new Date()))?.claim.fence ?? 0;
    const ref = { id: slot.backupId, fence };
    await catalog.backups.recordCommit(ref, { attempt: fence, bytes: '{}' });
    await catalog.backups.retryLater(ref, failure(), new Date(Date.now() + 3_600_000));
    expect(await catalog.backups.insert(manualBackup(target))).toMatchObject({ outcome: 'busy' });

    const another = newTarget();
    const asked = manualBackup(another);
    await catalog.backups.insert(asked);
    await catalog.backups.postpone(asked.backupId, new Date(Date.now() + 3_600_000), 'a test');
    expect(await catalog.backups.insert(manualBackup(another))).toMatchObject({ runningId: asked.backupId });
  });

  it('of targets that wait for one place each gets its turn, though every slot replaces the one before it', async () => {
    const targets = [newTarget(), newTarget(), newTarget()];
    const turns: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (const [index, target] of targets.entries())
        await catalog.backups.insert(
          slotBackup(target, slotAt(round), { createdAt: new Date(slotAt(round).getTime() + index) }),
        );
      const due = await catalog.backups.pendingDue(new Date());
      const next = due.find(({ target }) => targets.includes(target));
      turns.push(next?.target ?? '');
      await completeBackup(catalog, next?.backupId ?? '', next?.target ?? '');
    }
    expect(turns).toEqual([...targets, ...targets]);
  });

  it('withdraws what nobody claimed, and nothing else', async () => {
    const target = newTarget();
    const backup = manualBackup(target);
    await catalog.backups.insert(backup);
    expect(await catalog.backups.withdraw(backup.backupId)).toBe(true);
    expect(await catalog.backups.find(backup.backupId)).toBeNull();
    const claimed = manualBackup(target);
    expect(await catalog.backups.insert(claimed)).toMatchObject({ outcome: 'inserted' });
    await catalog.backups.claim(claimed.backupId, 'w', new Date());
    expect(await catalog.backups.withdraw(claimed.backupId)).toBe(false);
  });
});
