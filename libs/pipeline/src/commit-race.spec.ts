import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupJson } from '#contracts';
import { createMemoryStore, FilesystemStore, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, noAbort, storeContents } from '../../../test/support/backup-world.js';
import { MemoryRecord } from '../../../test/support/memory-record.js';
import { watchCalls } from '../../../test/support/replace-calls.js';
import type { BackupRequest } from './backup-types.js';
import type { DeletionView } from './deps.js';
import { finishCommit } from './finish-commit.js';
import { runBackup } from './run-backup.js';
import { runDelete } from './run-delete.js';

// A frozen worker wakes up: each call of an attempt to store and journal is stalled in turn, before it is made or before its reply, while a successor takes over and
// finishes. Whatever the moment, no backup.json may stand without its objects.

const storeCalls = ['put', 'putBytes', 'head', 'getBytes', 'delete'] as const;
const journalCalls = ['record', 'look'] as const;
const folder = mkdtempSync(join(tmpdir(), 'hazina-race-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Stalls one call of a run, counted over store and journal together. */
class Gate {
  calls = 0;
  #open: (() => void) | undefined;
  readonly reached: Promise<void>;
  #reach: () => void = () => undefined;

  constructor(
    private readonly at: number,
    private readonly when: 'before' | 'after',
  ) {
    this.reached = new Promise((resolve) => (this.#reach = resolve));
  }

  /** Numbers of calls in flight: their replies may come in any order. */
  readonly watch = () => {
    const numbers = new Map<readonly unknown[], number>();
    const stall = async (number: number | undefined, when: 'before' | 'after'): Promise<void> => {
      if (number !== this.at || when !== this.when) return;
      this.#reach();
      await new Promise<void>((resolve) => (this.#open = resolve));
    };
    return {
      before: (_name: string, args: readonly unknown[]) => {
        this.calls += 1;
        numbers.set(args, this.calls);
        return stall(this.calls, 'before');
      },
      after: (_name: string, args: readonly unknown[]) => stall(numbers.get(args), 'after'),
    };
  };

  open(): void {
    this.#open?.();
  }
}

function attemptOf(store: ObjectStore, record: MemoryRecord, gate: Gate, request: BackupRequest): Promise<unknown> {
  const { journal, attempt } = record.claim();
  const deps = {
    ...backupDeps(watchCalls(store, storeCalls, gate.watch())),
    journal: watchCalls(journal, journalCalls, gate.watch()),
  };
  return runBackup(deps, { ...request, attempt }, noAbort).catch((error: unknown) => error);
}

/** What a worker does with a claimed record: finish a commit, else back up. */
async function succeed(store: ObjectStore, record: MemoryRecord, request: BackupRequest): Promise<void> {
  const { journal, attempt } = record.claim();
  const deps = { ...backupDeps(store), journal };
  const { backupId } = request;
  if (record.commit === null) await runBackup(deps, { ...request, attempt }, noAbort);
  else
    await finishCommit(
      deps,
      { backupId, attempt: record.commit.attempt, bytes: Buffer.from(record.commit.bytes) },
      noAbort,
    );
  record.status = 'completed';
}

/** An attempt that is stalled, and its successor that has finished. `wake`: the attempt goes on to its end. */
async function takenOver(store: ObjectStore, at: number, when: 'before' | 'after') {
  const record = new MemoryRecord();
  const request = backupRequest();
  const gate = new Gate(at, when);
  const frozen = attemptOf(store, record, gate, request);
  await Promise.race([gate.reached, frozen]);
  await succeed(store, record, request);
  const wake = async (): Promise<void> => {
    gate.open();
    await frozen;
  };
  return { store, record, request, wake };
}

/** A deletion by force, of a record that is `deleting`. */
function removal(store: ObjectStore, { backupId }: BackupRequest, changes: Partial<DeletionView> = {}) {
  const view = {
    ...{ status: 'deleting' as const, pinned: false, commitConflict: false, committed: null, foundBad: false },
    ...{ usedBy: null, otherGood: [], ...changes },
  };
  const deps = { ...backupDeps(store), catalog: { view: () => Promise.resolve(view) } };
  return runDelete(deps, { backupId, force: true }, noAbort);
}

/** The objects that backup.json names and that are not there; null without backup.json. */
async function lostObjects(store: ObjectStore, request: BackupRequest): Promise<string[] | null> {
  const prefix = `clinic/${request.backupId}/`;
  if ((await store.head(`${prefix}backup.json`)) === null) return null;
  const { bytes } = await store.getBytes(`${prefix}backup.json`, 1_000_000);
  const { objects } = backupJson.parse(JSON.parse(bytes.toString()));
  const lost: string[] = [];
  for (const { key, bytes: size } of [objects.data, objects.manifest])
    if ((await store.head(`${prefix}${key}`))?.bytes !== size) lost.push(key);
  return lost;
}

async function countCalls(): Promise<number> {
  const gate = new Gate(0, 'before');
  await attemptOf(createMemoryStore(), new MemoryRecord(), gate, backupRequest());
  return gate.calls;
}

const total = await countCalls();
const stalls = Array.from({ length: total }, (_, at) => at + 1).flatMap((at) =>
  (['before', 'after'] as const).map((when) => [at, when] as const),
);
const stores: [string, () => ObjectStore, typeof stalls][] = [
  ['memory', createMemoryStore, stalls],
  // Replies are never lost between a folder and its process: the moments before the calls are all that differ.
  [
    'a folder',
    () => new FilesystemStore(join(mkdtempSync(join(folder, 'store-')), 'root')),
    stalls.filter(([, when]) => when === 'before'),
  ],
];

it('a run makes the calls that are stalled', () => {
  expect(total).toBeGreaterThan(15);
});

describe.each(stores)('in %s, an attempt that is stalled', (_name, openStore, moments) => {
  it.each(moments)('at call %i, %s it, and wakes after its successor has finished', async (at, when) => {
    const { store, record, request, wake } = await takenOver(openStore(), at, when);
    expect(await lostObjects(store, request)).toEqual([]);
    const committed = record.commit?.attempt;
    await wake();
    expect(await lostObjects(store, request)).toEqual([]);
    expect(record.commit?.attempt).toBe(committed);
    // What the woken one leaves is in its own folder, for the sweeper.
    const named = (await storeContents(store)).filter((key) => key.includes(`/${committed}/`));
    expect(named.map((key) => key.split('/').at(-1)).filter((name) => name !== 'lease.json')).toEqual([
      'data.hzn',
      'manifest.hzn',
    ]);
  });

  it.each(moments)('at call %i, %s it, and wakes after its backup was deleted', async (at, when) => {
    const { store, record, request, wake } = await takenOver(openStore(), at, when);
    record.status = 'deleting';
    const deleted = await removal(store, request);
    expect(deleted.outcome).toBe('deleted');
    record.status = 'deleted';
    await wake();
    expect(await lostObjects(store, request)).toBeNull();
  });

  it.each(moments)('at call %i, %s it, and wakes before its deletion is refused', async (at, when) => {
    const { store, record, request, wake } = await takenOver(openStore(), at, when);
    record.status = 'deleting';
    await wake();
    const refused = await removal(store, request, { usedBy: 'a verification of it waits or runs' });
    expect(refused).toMatchObject({ outcome: 'refused', isGone: false });
    // The backup is what it was.
    expect(await lostObjects(store, request)).toEqual([]);
  });
});

it('an attempt that wakes at any moment of a deletion leaves no backup.json behind', async () => {
  const counted = createMemoryStore();
  const made = backupRequest();
  await succeed(counted, new MemoryRecord(), made);
  const calls = new Gate(0, 'before');
  await removal(watchCalls(counted, storeCalls, calls.watch()), made);
  expect(calls.calls).toBeGreaterThan(6);

  for (const [at, when] of stalls)
    for (let moment = 1; moment <= calls.calls; moment += 1) {
      const { store, record, request, wake } = await takenOver(createMemoryStore(), at, when);
      record.status = 'deleting';
      const middle = new Gate(moment, 'before');
      const removing = removal(watchCalls(store, storeCalls, middle.watch()), request);
      await Promise.race([middle.reached, removing]);
      await wake();
      middle.open();
      expect({ at, when, moment, outcome: (await removing).outcome }).toMatchObject({ outcome: 'deleted' });
      record.status = 'deleted';
      expect({ at, when, moment, lost: await lostObjects(store, request) }).toMatchObject({ lost: null });
    }
});
