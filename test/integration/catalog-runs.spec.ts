import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Catalog, ClaimRef } from '#catalog';
import { AppError, type BackupRecord } from '#contracts';
import {
  backupJsonOf,
  catalogWorld,
  completedFacts,
  failure,
  manualBackup,
  newTarget,
  type CatalogWorld,
} from '../support/catalog-world.js';

// What a run writes, and what it can no longer write once another has claimed the record.

let world: CatalogWorld;
let catalog: Catalog;
beforeAll(async () => {
  world = await catalogWorld();
  catalog = world.catalog;
}, 30_000);
afterAll(() => world.close(), 30_000);

const at = new Date('2026-11-23T02:00:00.000Z');
const commit = { attempt: 1, bytes: '{"attempt":1}' };

async function inserted(more = {}): Promise<string> {
  const backup = manualBackup(newTarget(), more);
  await catalog.backups.insert(backup);
  return backup.backupId;
}

async function claimed(more = {}): Promise<{ id: string; ref: ClaimRef; record: BackupRecord }> {
  const id = await inserted(more);
  const record = await catalog.backups.claim(id, 'host/1/a', at);
  if (record === null) throw new Error('not claimed');
  return { id, ref: { id, fence: record.claim.fence }, record };
}

async function found(id: string): Promise<BackupRecord> {
  const record = await catalog.backups.find(id);
  if (record === null) throw new Error(`no record ${id}`);
  return record;
}

async function expireNow(id: string): Promise<BackupRecord | null> {
  const { claim } = await found(id);
  return catalog.backups.expire(id, claim, at);
}

describe('claims', () => {
  it('of twenty at the same moment one wins', async () => {
    const id = await inserted();
    const other = await world.another();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? catalog : other).backups.claim(id, `host/${index}/x`, at)),
    );
    const [winner, ...others] = claims.filter((record) => record !== null);
    expect(others).toEqual([]);
    expect(winner).toMatchObject({ status: 'in_progress', startedAt: at, claim: { fence: 1, lost: 1 } });
    expect((await found(id)).claim.owner).toBe(winner?.claim.owner);
  });

  it('a new claim is at least the fence that was asked for, and a fence can be raised above attempts in the store', async () => {
    const id = await inserted();
    expect(await catalog.backups.claim(id, 'host/1/a', at, 7)).toMatchObject({ claim: { fence: 7 } });
    expect(await catalog.backups.raiseFence({ id, fence: 7 }, 12)).toEqual({ id, fence: 12 });
    expect(await catalog.backups.raiseFence({ id, fence: 7 }, 20)).toBeNull();
    expect(await catalog.backups.raiseFence({ id, fence: 12 }, 3)).toEqual({ id, fence: 12 });
  });

  it('tells stages, progress and facts', async () => {
    const { id, ref } = await claimed();
    const progress = {
      archiveBytes: 10,
      storedBytes: 5,
      documents: 1,
      estimatedBytes: null,
      bytesPerSecond: 3,
      updatedAt: at,
    };
    expect(await catalog.backups.progress(ref, { stage: 'dump', ...progress })).toBe(true);
    expect(await catalog.backups.progress(ref, { stage: 'dump', ...progress, documents: 2 })).toBe(true);
    expect(await catalog.backups.progress(ref, { stage: 'manifest', ...progress })).toBe(true);
    expect(await catalog.backups.started(ref, { database: 'clinic', engine: { name: 'native', version: '1' } })).toBe(
      true,
    );
    const record = await found(id);
    expect(record).toMatchObject({
      stage: 'manifest',
      database: 'clinic',
      engine: { name: 'native' },
      progress: { documents: 1 },
    });
    expect(record.events.filter(({ type }) => type === 'stage').map(({ message }) => message)).toEqual([
      'dump',
      'manifest',
    ]);
  });
});

describe('fencing: after another claim', () => {
  const writes: Record<string, (ref: ClaimRef) => Promise<unknown>> = {
    beat: (ref) => catalog.backups.beat(ref),
    look: (ref) => catalog.backups.look(ref),
    raiseFence: (ref) => catalog.backups.raiseFence(ref, 99),
    progress: (ref) =>
      catalog.backups.progress(ref, {
        ...{ stage: 'dump', archiveBytes: 1, storedBytes: 1, documents: 1, estimatedBytes: 1, bytesPerSecond: 1 },
        updatedAt: at,
      }),
    started: (ref) => catalog.backups.started(ref, { database: 'x', engine: { name: 'x', version: '1' } }),
    recordCommit: (ref) => catalog.backups.recordCommit(ref, commit),
    retryLater: (ref) => catalog.backups.retryLater(ref, failure(), at),
    fail: (ref) => catalog.backups.fail(ref, failure(), null),
    cancelled: (ref) => catalog.backups.cancelled(ref, at),
  };
  const refused: unknown[] = [false, null, { state: 'lost' }];

  it.each(Object.keys(writes))('%s changes nothing', async (name) => {
    const { id, ref } = await claimed();
    await expireNow(id);
    const claim = await catalog.backups.claim(id, 'host/2/b', at);
    expect(claim?.claim.fence).toBe(2);
    const before = await found(id);
    expect(refused).toContainEqual(await writes[name]?.(ref));
    expect(await found(id)).toEqual(before);
  });

  it.each(Object.keys(writes))('%s changes nothing once the record waits for a new claim', async (name) => {
    const { id, ref } = await claimed();
    await expireNow(id);
    const before = await found(id);
    expect(before.status).toBe('pending');
    expect(refused).toContainEqual(await writes[name]?.(ref));
    expect(await found(id)).toEqual(before);
  });
});

describe('the commit', () => {
  it('is recorded once; the same again is no other', async () => {
    const { id, ref } = await claimed();
    expect(await catalog.backups.recordCommit(ref, commit)).toBe(true);
    expect(await catalog.backups.recordCommit(ref, commit)).toBe(true);
    expect(await catalog.backups.recordCommit(ref, { ...commit, bytes: '{}' })).toBe(false);
    expect((await found(id)).commit).toEqual(commit);
  });

  it('leaves only completed open: fail, cancelled and a wish to cancel are refused', async () => {
    const { id, ref } = await claimed();
    await catalog.backups.recordCommit(ref, commit);
    expect(await catalog.backups.fail(ref, failure(), null)).toBe(false);
    expect(await catalog.backups.cancelled(ref, at)).toBe(false);
    expect(await catalog.backups.requestCancel(id, 'ann', at)).toBe('too-late');
    expect(await found(id)).toMatchObject({ status: 'in_progress', failures: 0 });
    expect(await catalog.backups.fail(ref, failure('commit/conflict', 'no-retry'), null)).toBe(true);
    expect(await found(id)).toMatchObject({ status: 'failed', running: false, error: { code: 'commit/conflict' } });
  });

  it('counts neither attempts nor poison, and any claim completes it', async () => {
    const { id, ref, record } = await claimed();
    await catalog.backups.recordCommit(ref, commit);
    for (let round = 0; round < 4; round += 1) {
      expect(await expireNow(id)).toMatchObject({ status: 'pending', commit });
      const again = await catalog.backups.claim(id, 'host/2/b', at);
      expect(again).toMatchObject({ commit, failures: 0 });
      const retried = { id, fence: again?.claim.fence ?? 0 };
      expect(await catalog.backups.retryLater(retried, failure('store/unreachable'), at)).toMatchObject({
        failures: 0,
      });
      await catalog.backups.claim(id, 'host/2/b', at);
    }
    const facts = completedFacts(backupJsonOf(id, record.target, 1, at));
    expect(await catalog.backups.complete(id, completedFacts(backupJsonOf(id, record.target, 2, at)))).toBe(false);
    expect(await catalog.backups.complete(id, facts)).toBe(true);
    expect(await catalog.backups.complete(id, facts)).toBe(true);
    expect(await found(id)).toMatchObject({
      ...{ status: 'completed', running: false, database: 'clinic', size: 4096, hash: 'a'.repeat(64) },
      ...{ errorMessage: null, error: null, completedAt: at, lastProvenAt: at, compression: 'zstd', stage: null },
      metadata: { totalDocuments: 30, collections: [{ name: 'clinic.people' }] },
      verificationStatus: { verified: false, verifiedAt: null, verificationHash: null },
    });
  });

  it('whoever finishes the second step completes a record that waits for a new claim', async () => {
    const { id, ref, record } = await claimed();
    await catalog.backups.recordCommit(ref, commit);
    await expireNow(id);
    expect(await catalog.backups.complete(id, completedFacts(backupJsonOf(id, record.target, 1, at)))).toBe(true);
    expect(await found(id)).toMatchObject({ status: 'completed', running: false });
    expect(await catalog.backups.claim(id, 'host/2/b', at)).toBeNull();
  });
});

describe('ends', () => {
  it('a retry keeps error and due time, and counts unless the worker was shut down', async () => {
    const { id, ref } = await claimed();
    const due = new Date(at.getTime() + 60_000);
    expect(await catalog.backups.retryLater(ref, failure(), due)).toMatchObject({
      ...{ status: 'pending', failures: 1, jobNumber: 2, nextAttemptAt: due, running: true, claim: { lost: 0 } },
      ...{ errorMessage: 'failed with source/unreachable', error: { code: 'source/unreachable', retryable: true } },
    });
    expect((await catalog.backups.pendingDue(at)).map(({ backupId }) => backupId)).not.toContain(id);
    expect((await catalog.backups.pendingDue(due)).map(({ backupId }) => backupId)).toContain(id);
    const next = await catalog.backups.claim(id, 'host/1/a', due);
    const shutdown = failure('worker-shutdown');
    const back = await catalog.backups.retryLater({ id, fence: next?.claim.fence ?? 0 }, shutdown, due);
    expect(back).toMatchObject({ failures: 1, jobNumber: 3, claim: { lost: 0, fence: 2 } });
  });

  it('three lost claims are poison; a run that told its error begins the count anew', async () => {
    const id = await inserted();
    const lose = async () => {
      await catalog.backups.claim(id, 'host/1/a', at);
      return expireNow(id);
    };
    expect(await lose()).toMatchObject({ status: 'pending', claim: { lost: 1 } });
    expect(await lose()).toMatchObject({ status: 'pending', claim: { lost: 2 } });
    const third = await catalog.backups.claim(id, 'host/1/a', at);
    await catalog.backups.retryLater({ id, fence: third?.claim.fence ?? 0 }, failure(), at);
    await lose();
    await lose();
    expect(await lose()).toMatchObject({ status: 'failed', running: false, error: { code: 'worker-lost' } });
  });

  it('a lease that moved is not expired', async () => {
    const { id, ref, record } = await claimed();
    await catalog.backups.beat(ref);
    expect(await catalog.backups.expire(id, record.claim, at)).toBeNull();
    const moved = (await found(id)).claim;
    const results = await Promise.all(Array.from({ length: 10 }, () => catalog.backups.expire(id, moved, at)));
    expect(results.filter((result) => result !== null)).toHaveLength(1);
  });

  it('a `cli` record whose owner is gone fails, claimed or not', async () => {
    const { id } = await claimed({ trigger: 'cli' });
    expect(await expireNow(id)).toMatchObject({ status: 'failed', error: { code: 'owner-gone' } });
    const unclaimed = await inserted({ trigger: 'cli' });
    expect(await expireNow(unclaimed)).toMatchObject({
      status: 'failed',
      running: false,
      error: { code: 'owner-gone' },
    });
    const manual = await inserted();
    expect(await expireNow(manual)).toBeNull();
    const committed = await claimed({ trigger: 'cli' });
    await catalog.backups.recordCommit(committed.ref, commit);
    expect(await expireNow(committed.id)).toMatchObject({ status: 'pending' });
    expect(await expireNow(committed.id)).toBeNull();
  });

  it('cancels what waits, asks what runs, and is too late for what is over', async () => {
    const pending = await inserted();
    expect(await catalog.backups.requestCancel(pending, 'ann', at)).toBe('cancelled');
    expect(await catalog.backups.claim(pending, 'host/1/a', at)).toBeNull();
    expect(await catalog.backups.requestCancel(pending, 'ann', at)).toBe('too-late');
    expect(await catalog.backups.requestCancel('t-20261123T020000Z-aaaaaa', 'ann', at)).toBe('not-found');
    const { id, ref } = await claimed();
    expect(await catalog.backups.look(ref)).toEqual({ state: 'held', cancelRequested: false });
    expect(await catalog.backups.requestCancel(id, 'ann', at)).toBe('requested');
    expect(await catalog.backups.look(ref)).toEqual({ state: 'held', cancelRequested: true });
    expect(await catalog.backups.beat(ref)).toEqual({ state: 'held', cancelRequested: true });
    expect(await catalog.backups.cancelled(ref, at)).toBe(true);
    expect(await found(id)).toMatchObject({ status: 'cancelled', running: false, completedAt: at });
    expect(await catalog.backups.beat(ref)).toEqual({ state: 'lost' });
  });

  it('a wish to cancel is kept when the run ends in another way', async () => {
    const lost = await claimed();
    await catalog.backups.requestCancel(lost.id, 'ann', at);
    expect(await expireNow(lost.id)).toMatchObject({ status: 'cancelled', running: false });
    const failing = await claimed();
    await catalog.backups.requestCancel(failing.id, 'ann', at);
    expect(await catalog.backups.retryLater(failing.ref, failure(), at)).toMatchObject({ status: 'cancelled' });
  });

  it('cancelling and claiming at the same moment end as one of the two', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await inserted();
      const [claim, wish] = await Promise.all([
        catalog.backups.claim(id, 'host/1/a', at),
        catalog.backups.requestCancel(id, 'ann', at),
      ]);
      const record = await found(id);
      if (claim === null) expect([wish, record.status]).toEqual(['cancelled', 'cancelled']);
      else expect([wish, record.status, record.cancelRequestedAt]).toEqual(['requested', 'in_progress', at]);
    }
  });

  it('raises the number of a job once, whoever saw it', async () => {
    const id = await inserted();
    const numbers = await Promise.all(Array.from({ length: 10 }, () => catalog.backups.nextJob(id, 1)));
    expect(numbers.filter((number) => number !== null)).toEqual([2]);
  });
});

it('a text from outside is a value, never an operator', async () => {
  const id = await inserted();
  const evil = JSON.parse('{"$ne": null}') as string;
  await expect(catalog.backups.find(evil)).rejects.toBeInstanceOf(AppError);
  await expect(catalog.backups.claim(evil, 'host/1/a', at)).rejects.toMatchObject({ code: 'catalog/refused' });
  expect(await found(id)).toMatchObject({ status: 'pending' });
});
