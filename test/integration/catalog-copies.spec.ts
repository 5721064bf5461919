import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyStampOf, userOf, type CopyRepository } from '#catalog';
import { AppError, type CopyRecord } from '#contracts';
import { catalogWorld, completedBackup, newTarget, type CatalogWorld } from '../support/catalog-world.js';

let world: CatalogWorld;
let copies: CopyRepository;
beforeAll(async () => {
  world = await catalogWorld();
  copies = world.catalog.copies;
});
afterAll(() => world.close());

const now = new Date();
const later = new Date(now.getTime() + 86_400_000);
const away = new AppError({ code: 'store/unreachable', stage: 'store', retry: 'retry', message: 'away' });
const refOf = ({ copyId, claim: { fence } }: CopyRecord) => ({ id: copyId, fence });

/** A destination of its own for a target of its own, with one completed backup. */
async function setUp(ownRetention = false) {
  const target = newTarget();
  const destination = `to-${target}`;
  const backup = await world.catalog.backups.find(await completedBackup(world.catalog, target));
  if (backup === null) throw new Error('no backup');
  const plan = () => copies.plan({ destination, targets: [target], ownRetention });
  await plan();
  const claim = async (): Promise<CopyRecord> => {
    const claimed = await copies.claimNext(destination, 'w', new Date());
    if (claimed === null) throw new Error('nothing is due');
    return claimed;
  };
  const state = async () => (await copies.of([backup.backupId]))[0];
  const copied = async (verifyAt: Date | null = null) => {
    const claimed = await claim();
    expect(
      await copies.copied(refOf(claimed), {
        at: now,
        stamp: copyStampOf(backup),
        bytes: backup.size ?? 0,
        lockedUntil: null,
        verifyAt,
      }),
    ).toBe(true);
  };
  return { backup, destination, plan, claim, copied, state };
}

describe('a copy', () => {
  it('is planned once, claimed by one, and a use of its backup while somebody works on it', async () => {
    const { backup, destination, plan, claim, state } = await setUp();
    expect(await plan()).toBe(0);
    expect(await state()).toMatchObject({ destination, state: 'pending', bytes: backup.size });
    const claims = await Promise.all([1, 2, 3].map(() => copies.claimNext(destination, 'w', now)));
    const [won] = claims.filter((claimed) => claimed !== null);
    expect(claims.filter((claimed) => claimed !== null)).toHaveLength(1);
    expect(await userOf(world.catalog, backup)).toMatch(/copied/);
    if (won === undefined) throw new Error('nobody won');
    await copies.copied(refOf(won), {
      at: now,
      stamp: copyStampOf(backup),
      bytes: backup.size ?? 0,
      lockedUntil: null,
      verifyAt: null,
    });
    expect(await userOf(world.catalog, backup)).toBeNull();
    expect(await copies.claimNext(destination, 'w', now)).toBeNull();
    await expect(claim()).rejects.toThrow('nothing is due');
  });

  it('that failed waits for its time', async () => {
    const { destination, claim, state } = await setUp();
    const nextAttemptAt = new Date(now.getTime() + 60_000);
    const failure = { error: away, at: now, nextAttemptAt, state: 'failed', thorough: false } as const;
    await copies.failed(refOf(await claim()), failure);
    expect(await state()).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'store/unreachable' } });
    expect(await copies.claimNext(destination, 'w', now)).toBeNull();
    const again = await copies.claimNext(destination, 'w', nextAttemptAt);
    expect(again?.state).toBe('copying');
    expect((await copies.newestFailure(destination))?.errorMessage).toBe('away');
  });

  it('whose worker died is taken over, and the dead one writes nothing any more', async () => {
    const { backup, claim, state } = await setUp();
    const dead = await claim();
    const [seen] = (await copies.inProgress()).filter(({ id }) => id === dead.copyId);
    if (seen === undefined) throw new Error('not in progress');
    expect(await copies.expire(seen.id, seen)).toMatchObject({ state: 'pending' });
    const next = await claim();
    expect(await copies.beat(refOf(dead))).toEqual({ state: 'lost' });
    const done = { at: now, stamp: copyStampOf(backup), bytes: backup.size ?? 0, lockedUntil: null, verifyAt: null };
    expect(await copies.copied(refOf(dead), done)).toBe(false);
    expect(await copies.copied(refOf(next), done)).toBe(true);
    expect(await state()).toMatchObject({ state: 'copied' });
  });

  it('is made again when marks or keys of its backup have changed, and verified when that is due', async () => {
    const { backup, plan, copied, claim, state } = await setUp();
    await copied(now);
    expect(await claim()).toMatchObject({ state: 'verifying' });
    const verifying = await state();
    if (verifying === undefined) throw new Error('no copy');
    await copies.verified(refOf(verifying), { at: now, verifyAt: null });
    expect(await state()).toMatchObject({ state: 'copied', verifiedAt: now });
    expect(await plan()).toBe(0);
    await world.catalog.backups.rekeyed(backup.backupId, ['ffffffffffffffff'], now);
    expect(await plan()).toBe(1);
    expect(await state()).toMatchObject({ state: 'pending' });
  });

  it.each([
    ['goes with its backup', false, 'retention', 'removing'],
    ['that a retention of its own keeps stays when retention took the backup', true, 'retention', 'copied'],
    ['goes when a person deleted it, whatever keeps it', true, 'ada', 'removing'],
  ])('%s', async (_what, ownRetention, by, expected) => {
    const { backup, plan, copied, state } = await setUp(ownRetention);
    await copied();
    await world.catalog.backups.beginDelete(backup.backupId, by, now);
    await plan();
    // Refused, it would be a backup as before.
    expect(await state()).toMatchObject({ state: 'copied' });
    await world.catalog.backups.deleted(backup.backupId, now);
    await plan();
    expect(await state()).toMatchObject({ state: expected });
  });

  it('lets go of a backup that is being deleted, and of one that is deleted only what is not whole', async () => {
    const { backup, claim, state } = await setUp();
    const claimed = await claim();
    expect(await copies.look(refOf(claimed))).toEqual({ state: 'held', cancelRequested: false });
    await world.catalog.backups.beginDelete(backup.backupId, 'ada', now);
    expect(await copies.look(refOf(claimed))).toEqual({ state: 'held', cancelRequested: true });
    await copies.lost(refOf(claimed));
    expect(await state()).toMatchObject({ state: 'removing' });

    // Wanted again for its marks, and deleted meanwhile: what stands there is never said to be removed.
    const other = await setUp(true);
    await other.copied();
    await copies.markMissing(other.destination, [other.backup.backupId], now);
    expect(await copies.stands(refOf(await other.claim()), { at: now, verifyAt: later })).toBe(true);
    expect(await other.state()).toMatchObject({ state: 'copied', removedAt: null, copiedAt: now, verifyAt: later });
    expect((await other.state())?.storedBytes).toBe(other.backup.size);
  });

  it('of a store that was replaced begins anew, under a fence that its old run does not have', async () => {
    const { backup, destination, claim, copied, state } = await setUp();
    await copied();
    expect(await copies.startAnew(destination)).toBe(1);
    const old = await claim();
    expect(await copies.startAnew(destination)).toBe(1);
    const done = { at: now, stamp: copyStampOf(backup), bytes: backup.size ?? 0, lockedUntil: null, verifyAt: null };
    expect(await copies.copied(refOf(old), done)).toBe(false);
    expect(await state()).toMatchObject({ state: 'pending', verifiedAt: null });
    const counts = (await copies.counts()).filter((group) => group.destination === destination);
    expect(counts).toEqual([{ destination, state: 'pending', count: 1, oldest: backup.completedAt }]);
  });
});
