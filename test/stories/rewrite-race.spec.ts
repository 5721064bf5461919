import { beforeAll, describe, expect, it } from '@jest/globals';
import { AppError, systemClock, type BackupJson } from '#contracts';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, noAbort } from '../support/backup-world.js';
import { buildArchive } from '../support/build-archive.js';
import { MemoryRotationCatalog } from '../support/memory-rotation-catalog.js';
import { watchCalls } from '../support/replace-calls.js';
import {
  bothRing,
  nextRing,
  readWhole,
  rewrite,
  snapshot,
  sweepAllBut,
  unconditional,
} from '../support/rewrite-world.js';
import { deleteBackup, proveBackup, runBackup, settleCommit } from '#pipeline';

// A rewrite dies, or sleeps and wakes, at each of its calls to store and record. At every moment the backup opens with the keys that are configured; in the end
// with the new one alone, and what backup.json names is there.

const storeCalls = ['put', 'putBytes', 'head', 'get', 'getBytes', 'delete'] as const;
const recordCalls = ['raiseAbove', 'record', 'look', 'commit', 'settled'] as const;

let pristine: Map<string, Buffer>;
let backup: BackupJson;
let commitText: string;
beforeAll(async () => {
  const store = createMemoryStore();
  const archive = buildArchive([{ db: 'clinic', collection: 'patients', documents: [{ _id: 1 }, { _id: 2 }] }]);
  ({ backup } = await runBackup(backupDeps(store, { archive }), backupRequest(), noAbort));
  pristine = await snapshot(store);
  commitText = (await store.getBytes(`clinic/${backup.backupId}/backup.json`, 1_000_000)).bytes.toString();
});

async function freshStore(): Promise<ObjectStore> {
  const store = createMemoryStore();
  for (const [key, bytes] of pristine) await store.putBytes(key, bytes);
  return store;
}

class WatchedCatalog extends MemoryRotationCatalog {
  constructor(private readonly watch: Parameters<typeof watchCalls>[2]) {
    super(1, commitText);
  }

  override journalOf(user: number) {
    return watchCalls(super.journalOf(user), recordCalls, this.watch);
  }
}

/** Calls are counted; at one of them something happens. */
class CallCount {
  calls = 0;
  readonly #numbers = new Map<readonly unknown[], number>();

  constructor(private readonly at: (number: number, when: 'before' | 'after') => Promise<void>) {}

  readonly watch = {
    before: (_name: string, args: readonly unknown[]) => {
      this.calls += 1;
      this.#numbers.set(args, this.calls);
      return this.at(this.calls, 'before');
    },
    after: (_name: string, args: readonly unknown[]) => this.at(this.#numbers.get(args) ?? 0, 'after'),
  };
}

async function countCalls(withRecord: boolean): Promise<number> {
  const count = new CallCount(() => Promise.resolve());
  const store = watchCalls(await freshStore(), storeCalls, count.watch);
  const catalog = withRecord ? { catalog: new WatchedCatalog(count.watch) } : {};
  expect((await rewrite(store, catalog)).map(({ outcome }) => outcome)).toEqual(['rewritten']);
  return count.calls;
}

describe.each([
  ['without a catalogue', false],
  ['with a catalogue', true],
])('%s', (_name, withRecord) => {
  it.each(['before', 'after'] as const)(
    'a rewrite that is killed %s any of its calls',
    async (when) => {
      const total = await countCalls(withRecord);
      expect(total).toBeGreaterThan(20);
      for (let limit = 1; limit <= total; limit += 1) {
        const store = await freshStore();
        const dead = () => new AppError({ code: 'store/unreachable', stage: 'store', message: 'killed' });
        const count = new CallCount((number, now) =>
          number > limit || (number === limit && now === when) ? Promise.reject(dead()) : Promise.resolve(),
        );
        const record = new WatchedCatalog(count.watch);
        const dying = watchCalls(store, storeCalls, count.watch);
        await rewrite(dying, withRecord ? { catalog: record } : {}).catch(() => undefined);
        record.expire();
        await proveBackup({ store, ring: bothRing }, backup.backupId, noAbort);
        // The next one goes on from there.
        const survivor = new MemoryRotationCatalog(record.commit.attempt, record.commit.bytes);
        Object.assign(survivor, { fence: record.fence, due: record.due });
        const [next] = await rewrite(store, withRecord ? { catalog: survivor } : {});
        expect([limit, next?.outcome, next?.error]).toEqual([limit, expect.stringMatching(/rewritten|current/), null]);
        const standing = await readWhole(store, backup, nextRing);
        if (withRecord) {
          // As the reconciler does with what was broken off before it told the record.
          await settleCommit({ store, record: survivor.journalOf(0) }, backup.backupId, noAbort);
          expect([survivor.due, survivor.commit.attempt]).toEqual([false, standing.attempt]);
        }
        await sweepAllBut(store, backup, standing.attempt);
        await readWhole(store, backup, nextRing);
      }
    },
    300_000,
  );

  const moments = ['before', 'after'] as const;

  /** Runs one that falls asleep at a call, lets something happen, and wakes it. */
  async function sleepThrough(
    store: ObjectStore,
    at: number,
    when: (typeof moments)[number],
    meanwhile: (record: MemoryRotationCatalog) => Promise<void>,
  ): Promise<MemoryRotationCatalog> {
    let wake: () => void = () => undefined;
    let fellAsleep: () => void = () => undefined;
    const asleep = new Promise<void>((resolve) => (fellAsleep = resolve));
    const count = new CallCount((number, now) => {
      if (number !== at || now !== when) return Promise.resolve();
      fellAsleep();
      return new Promise<void>((resolve) => (wake = resolve));
    });
    const record = new WatchedCatalog(count.watch);
    const sleeper = rewrite(watchCalls(store, storeCalls, count.watch), withRecord ? { catalog: record } : {});
    await Promise.race([asleep, sleeper]);
    record.expire();
    await meanwhile(record);
    wake();
    await sleeper.catch(() => undefined);
    return record;
  }

  it.each(moments)(
    'one that sleeps %s any call, while another rewrites it and everything else is swept',
    async (when) => {
      const total = await countCalls(withRecord);
      for (let at = 1; at <= total; at += 1) {
        const store = await freshStore();
        const record = await sleepThrough(store, at, when, async (awake) => {
          const [next] = await rewrite(store, withRecord ? { catalog: awake } : {});
          expect([at, next?.error]).toEqual([at, null]);
          const { attempt } = await readWhole(store, backup, nextRing);
          await sweepAllBut(store, backup, attempt);
        });
        const standing = await readWhole(store, backup, nextRing);
        if (withRecord) expect([at, record.commit.attempt, record.due]).toEqual([at, standing.attempt, false]);
      }
    },
    300_000,
  );

  it.each(moments)(
    'one that sleeps %s any call, while its own folder is swept',
    async (when) => {
      const total = await countCalls(withRecord);
      for (let at = 1; at <= total; at += 1) {
        const store = await freshStore();
        await sleepThrough(store, at, when, async (record) => {
          const { backup: named } = await proveBackup({ store, ring: bothRing }, backup.backupId, noAbort);
          await sweepAllBut(store, backup, 1, named.attempt, ...(withRecord ? [record.commit.attempt] : []));
        });
        await readWhole(store, backup, bothRing);
        expect([at, (await rewrite(store))[0]?.error]).toEqual([at, null]);
        await readWhole(store, backup, nextRing);
      }
    },
    300_000,
  );

  it.each(moments)(
    'one that sleeps %s any call, while its backup is deleted',
    async (when) => {
      const total = await countCalls(withRecord);
      for (let at = 1; at <= total; at += 1) {
        const store = await freshStore();
        await sleepThrough(store, at, when, async (record) => {
          record.status = 'deleting';
          await deleteBackup({ store, clock: systemClock }, { backupId: backup.backupId, force: true }, noAbort);
          record.status = 'deleted';
        });
        expect([at, when, await store.head(`clinic/${backup.backupId}/backup.json`)]).toEqual([at, when, null]);
      }
    },
    300_000,
  );
});

it.each(['before', 'after'] as const)(
  'in a store without conditional writes, one that sleeps %s any call while the reconciler settles what it recorded',
  async (when) => {
    for (let at = 1; ; at += 1) {
      const store = unconditional(await freshStore());
      let wake: () => void = () => undefined;
      let fellAsleep: () => void = () => undefined;
      const asleep = new Promise<void>((resolve) => (fellAsleep = resolve));
      const count = new CallCount((number, now) => {
        if (number !== at || now !== when) return Promise.resolve();
        fellAsleep();
        return new Promise<void>((resolve) => (wake = resolve));
      });
      const record = new WatchedCatalog(count.watch);
      const sleeper = rewrite(watchCalls(store, storeCalls, count.watch), { catalog: record });
      const ended = await Promise.race([asleep.then(() => false), sleeper.then(() => true)]);
      record.expire();
      const bystander = new MemoryRotationCatalog(record.commit.attempt, record.commit.bytes);
      bystander.due = record.due;
      await settleCommit({ store, record: bystander.journalOf(0) }, backup.backupId, noAbort);
      wake();
      await sleeper.catch(() => undefined);
      const standing = await readWhole(store, backup, bothRing);
      expect([at, standing.attempt]).toEqual([at, record.commit.attempt]);
      if (ended) break;
    }
  },
  300_000,
);
