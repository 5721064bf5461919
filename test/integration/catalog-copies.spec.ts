import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cleanupCatalog, copiesCatalog, copyStampOf, rotationCatalog, userOf, type CopyRepository } from '#catalog';
import { AppError, systemClock, type BackupJson, type CopyRecord } from '#contracts';
import { noAbort } from '../support/backup-world.js';
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

  it('that a retention of its own let go is made again when there is none any more, or its backup is pinned', async () => {
    const { backup, copied, state, destination } = await setUp(true);
    const letGo = async () => {
      await copied();
      expect(await copies.beginRemove(`${backup.backupId}/${destination}`)).toBe(true);
      expect(await copies.removed(`${backup.backupId}/${destination}`, now)).toBe(true);
    };
    const look = (ownRetention: boolean, renew: boolean) =>
      copies.plan({ destination, targets: [backup.target], ownRetention, renew });
    await letGo();
    await look(true, true);
    await look(false, false);
    expect(await state()).toMatchObject({ state: 'removed' });
    await look(false, true);
    expect(await state()).toMatchObject({ state: 'pending', removedAt: null });
    await letGo();
    await world.catalog.backups.setMarks(backup.backupId, { pinned: true });
    await look(true, true);
    expect(await state()).toMatchObject({ state: 'pending' });
  });

  it('that a retention of its own has kept goes by no plan that knows of none', async () => {
    const { backup, plan, copied, state, destination } = await setUp(true);
    await copied();
    await world.catalog.backups.beginDelete(backup.backupId, 'retention', now);
    await world.catalog.backups.deleted(backup.backupId, now);
    expect(await state()).toMatchObject({ outlived: false });
    await plan();
    expect(await state()).toMatchObject({ state: 'copied', outlived: true });
    await copies.plan({ destination, targets: [backup.target], ownRetention: false });
    expect(await state()).toMatchObject({ state: 'copied' });
    // One that a version before kept, which noted nothing, and whose retention is taken out with the upgrade.
    const records = world.client.db(world.database).collection('copies');
    await records.updateOne({ backupId: backup.backupId }, { $unset: { outlived: 1 } });
    const dayAgo = new Date(now.getTime() - 86_500_000);
    const deleted = { backupId: backup.backupId };
    await world.client
      .db(world.database)
      .collection('backups')
      .updateOne(deleted, { $set: { deletedAt: dayAgo } });
    await copies.plan({ destination, targets: [backup.target], ownRetention: false });
    expect(await state()).toMatchObject({ state: 'copied', outlived: true });
    const standing = await copiesCatalog(world.catalog, destination).standing();
    expect(standing).toMatchObject([{ backupId: backup.backupId, outlived: true }]);
  });

  it('that a retention of its own keeps stays, whoever ran the retention that took its backup', async () => {
    const { backup, plan, copied, state } = await setUp(true);
    await copied();
    const by = 'hazina cleanup (ops@host)';
    const records = cleanupCatalog(world.catalog, { clock: systemClock, by, recordRetentionDays: 90 });
    expect(await records.beginDelete(backup.backupId)).toBe(true);
    await records.deleted(backup.backupId);
    await plan();
    expect(await state()).toMatchObject({ state: 'copied' });
    const { events = [] } = (await world.catalog.backups.find(backup.backupId)) ?? {};
    expect(events.find(({ type }) => type === 'deleting')?.message).toContain(by);
  });

  it('without a date for its verification gets one where copies are verified: at once, or as long after the last as others', async () => {
    const { destination, plan, copied, claim, state } = await setUp();
    await copied();
    const verifying = (againMs: number | null, at = now) =>
      copies.plan({ destination, targets: [], ownRetention: false, verify: { at, againMs } });
    expect(await plan()).toBe(0);
    expect((await state())?.verifyAt).toBeNull();
    expect(await verifying(null)).toBe(1);
    expect((await state())?.verifyAt).toEqual(now);
    await copies.verified(refOf(await claim()), { at: now, verifyAt: null });
    // Once is enough, or it is not.
    expect(await verifying(null)).toBe(0);
    expect(await verifying(86_400_000)).toBe(1);
    expect((await state())?.verifyAt).toEqual(later);
    // Let go, and wanted after all.
    const { copyId = '' } = (await state()) ?? {};
    await copies.beginRemove(copyId);
    expect(await verifying(86_400_000)).toBe(0);
    await copies.keep(copyId);
    expect(await verifying(86_400_000)).toBe(1);
    expect(await state()).toMatchObject({ state: 'copied', verifyAt: later });
  });

  it('of a part by hand has a series of its own for retention', async () => {
    const { backup, destination, copied } = await setUp();
    await copied();
    const series = async () => (await copiesCatalog(world.catalog, destination).standing()).map((copy) => copy.series);
    expect(await series()).toEqual(['']);
    const backups = world.client.db(world.database).collection('backups');
    await backups.updateOne({ backupId: backup.backupId }, { $set: { trigger: 'cli' } });
    expect(await series()).toEqual(['']);
    const whole = await completedBackup(world.catalog, backup.target, {}, now, ['billing', 'clinic']);
    await copies.plan({ destination, targets: [backup.target], ownRetention: false });
    const other = await copies.claimNext(destination, 'w', new Date());
    if (other === null) throw new Error('nothing is due');
    const stamp = copyStampOf((await world.catalog.backups.find(whole)) ?? backup);
    await copies.copied(refOf(other), { at: now, stamp, bytes: 1, lockedUntil: null, verifyAt: null });
    expect((await series()).sort()).toEqual(['', 'clinic']);
  });

  it('is sealed anew where it lies under a claim of its own: what stands there then is what its record says', async () => {
    const { backup, destination, copied, state } = await setUp(true);
    await copied(later);
    const recorded = async () => (await copiesCatalog(world.catalog, destination).recorded())[0];
    const attempt = backup.commit?.attempt ?? 0;
    expect(await recorded()).toEqual({ backupId: backup.backupId, attempt });
    const { copyId = '', stamp = null } = (await state()) ?? {};
    // Of another attempt than the record's nobody knows the number.
    const documents = world.client.db(world.database).collection('copies');
    await documents.updateOne({ copyId }, { $set: { stamp: `older ${stamp?.split(' ').slice(1).join(' ') ?? ''}` } });
    expect(await recorded()).toEqual({ backupId: backup.backupId, attempt: null });
    await documents.updateOne({ copyId }, { $set: { stamp } });
    const claimed = await copies.claimStanding(copyId, 'w');
    if (claimed === null) throw new Error('not claimed');
    expect(await copies.claimStanding(copyId, 'other')).toBeNull();
    expect(await copies.beginRemove(copyId)).toBe(false);
    expect(await copies.uses(backup.backupId)).toBe(true);
    const done = { at: now, attempt: 90, hash: 'ab'.repeat(32), bytes: 77, keyIds: ['1111222233334444'] };
    expect(await copies.resealed({ ...refOf(claimed), fence: 99 }, done)).toBe(false);
    expect(await copies.resealed(refOf(claimed), done)).toBe(true);
    const marks = stamp?.split(' ')[1] ?? '';
    expect(await state()).toMatchObject({
      ...{ state: 'copied', stamp: `${done.hash} ${marks} 1111222233334444`, sealedAs: 90 },
      ...{ bytes: 77, storedBytes: 77, verifiedAt: now, verifyAt: later },
    });
    expect(await recorded()).toEqual({ backupId: backup.backupId, attempt: 90 });
  });

  it('stands alone when retention has taken its backup, and in no other case', async () => {
    const { backup, destination, copied } = await setUp(true);
    const view = rotationCatalog(world.catalog, {
      ...{ clock: systemClock, owner: 'w', lease: { leaseMs: 60_000, beatMs: 20_000 }, patienceMs: 50, pollMs: 10 },
      onTrouble: (error: unknown) => {
        throw error;
      },
      requireStore: () => Promise.resolve(),
    });
    const isAlone = () => view.standsAlone(destination, backup.backupId);
    expect(await isAlone()).toBe(false);
    await copied();
    expect(await isAlone()).toBe(false);
    // Whoever looked a moment earlier is refused under the claim.
    const late = () => Promise.reject(new Error('it is copied anew'));
    expect(await view.holdCopy(destination, backup.backupId, late, noAbort)).toBe('gone');
    await world.catalog.backups.beginDelete(backup.backupId, 'retention', now);
    expect(await isAlone()).toBe(false);
    await world.catalog.backups.deleted(backup.backupId, now);
    expect(await isAlone()).toBe(true);
    expect(await view.standsAlone('elsewhere', backup.backupId)).toBe(false);

    const standing = {
      attempt: 3,
      keyIds: ['k'],
      objects: { data: { sha256: 'cd', bytes: 5 } },
    } as unknown as BackupJson;
    const seen = await view.holdCopy(
      destination,
      backup.backupId,
      async () => {
        // Others wait, and then give up.
        const other = view.holdCopy(
          destination,
          backup.backupId,
          () => Promise.reject(new Error('held twice')),
          noAbort,
        );
        await expect(other).rejects.toMatchObject({ code: 'backup/refused', retry: 'retry' });
        return { result: 'done', standing };
      },
      noAbort,
    );
    expect(seen).toBe('done');
    const failing = view.holdCopy(destination, backup.backupId, () => Promise.reject(away), noAbort);
    await expect(failing).rejects.toBe(away);
    expect((await copies.of([backup.backupId]))[0]).toMatchObject({ state: 'copied', sealedAs: 3 });
    await copies.beginRemove(`${backup.backupId}/${destination}`);
    expect(await isAlone()).toBe(false);
    const never = () => Promise.reject(new Error('it goes'));
    expect(await view.holdCopy(destination, backup.backupId, never, noAbort)).toBe('gone');
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
    expect(await copies.stands(refOf(await other.claim()), { at: now, verifyAt: later, attempt: 7 })).toBe(true);
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
