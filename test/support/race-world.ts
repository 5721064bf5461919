import { Readable } from 'node:stream';
import { pino } from 'pino';
import type { Catalog, CatalogStats } from '#catalog';
import { loadWorkerConfig, type WorkerConfig } from '#config';
import { newBackupId, systemRandom, type BackupRecord, type JobRequest, type JobSink } from '#contracts';
import type { DumpEngine } from '#engine';
import { createMetrics } from '#metrics';
import { ensureStoreIdentity, runCleanup, runVerify, silentObserver } from '#pipeline';
import type { JobQueue } from '#queue';
import { createMemoryStore, type ObjectStore } from '#storage';
import { ChangeBackup } from '../../apps/api/src/backups/change-backup.js';
import { DeleteBackup } from '../../apps/api/src/backups/delete-backup.js';
import { VerifyBackup } from '../../apps/api/src/backups/verify-backup.js';
import { startDeadline } from '../../apps/api/src/http/deadline.js';
import { ServiceLog } from '../../apps/api/src/logging/service-log.js';
import { cleanupCatalog } from '../../apps/worker/src/cleanup/cleanup-catalog.js';
import { defaultTuning } from '../../apps/worker/src/core/tuning.js';
import type { WorkerParts } from '../../apps/worker/src/core/worker-core.js';
import type { DumpEngines } from '../../apps/worker/src/engines/dump-engines.js';
import { WorkerLog } from '../../apps/worker/src/logging/worker-log.js';
import { BackupProcessor } from '../../apps/worker/src/processors/backup.processor.js';
import { DeleteProcessor } from '../../apps/worker/src/processors/delete.processor.js';
import { VerifyProcessor } from '../../apps/worker/src/processors/verify.processor.js';
import { clinicArchive, noAbort, testRing } from './backup-world.js';
import { dumpDouble } from './dump-double.js';
import { manualBackup } from './catalog-world.js';
import { MovedClock } from './moved-clock.js';
import { replaceCalls } from './replace-calls.js';
import type { Turns } from './turns.js';

const backupCalls = [
  ...([
    'find',
    'claim',
    'look',
    'progress',
    'started',
    'recordCommit',
    'complete',
    'cancelled',
    'retryLater',
    'fail',
  ] as const),
  ...([
    'requestCancel',
    'beginDelete',
    'refuseDelete',
    'deleted',
    'completed',
    'list',
    'verified',
    'expire',
    'inProgress',
  ] as const),
] as const;
const taskCalls = ['insert', 'withdraw', 'find', 'claim', 'complete', 'fail', 'retryLater', 'uses'] as const;
const storeCalls = ['put', 'putBytes', 'head', 'get', 'getBytes', 'delete'] as const;

const silent = pino({ level: 'silent' });
const metrics = createMetrics({ app: 'worker', version: 'test' });
const noStats = { storageBytes: 0 } as CatalogStats;
const noAlerts = {
  raise: () => Promise.resolve(null),
  clear: () => Promise.resolve(null),
  purge: () => Promise.resolve(0),
};
const dayMs = 86_400_000;

/** What is left of a completed backup outside of its record. */
export interface OldBackup {
  readonly objects: readonly (readonly [key: string, bytes: Buffer])[];
}

function configOf(target: string): Promise<WorkerConfig> {
  const environment = {
    ...{
      MONGODB_URI: 'mongodb://127.0.0.1/x',
      CATALOG_MONGODB_URI: 'mongodb://127.0.0.1/y',
      BACKUP_TARGET_NAME: target,
    },
    ...{ BACKUP_ENCRYPTION_KEY: `hex:${'0'.repeat(64)}`, BACKUP_VERIFY: 'off', BACKUP_DIRECTORY_RESERVE_BYTES: '0' },
    ...{ BACKUP_ENGINE: 'native', BACKUP_COMPRESSION_LEVEL: '1' },
  };
  return loadWorkerConfig({ environment, readFile: () => Buffer.alloc(0), workingDirectory: '/nowhere' });
}

/** One race: the real catalogue, a store in memory, a clock that stands unless it is moved, and the product's own parts as actors that a seed gives their turns. */
export class RaceWorld {
  readonly #log = new ServiceLog(silent);

  private constructor(
    readonly catalog: Catalog,
    readonly target: string,
    readonly clock: MovedClock,
    readonly queue: JobSink,
    readonly store: ObjectStore,
    readonly parts: WorkerParts,
    private readonly turns: Turns,
  ) {}

  /** `old`: a completed backup of the target that was made before, put back as it was. */
  static async open(catalog: Catalog, target: string, turns: Turns, old?: OldBackup): Promise<RaceWorld> {
    const store = createMemoryStore();
    const clock = new MovedClock(new Date());
    if (old !== undefined) for (const [key, bytes] of old.objects) await store.putBytes(key, bytes);
    const { storeId, kdfSalt } = await ensureStoreIdentity(store, clock, systemRandom, noAbort);
    const nothing = { expired: [], enqueued: [], promoted: [], verifications: [], notifications: [], problems: [] };
    const jobs: JobRequest[] = [];
    const queue: Pick<JobQueue, 'add' | 'isLive'> = {
      add: (job) => Promise.resolve(void jobs.push(job)),
      isLive: () => Promise.resolve(false),
    };
    const parts = {
      ...{
        config: await configOf(target),
        version: 'test',
        clock,
        random: systemRandom,
        store,
        storeId,
        ring: testRing,
        keys: { kdfSalt },
        destinations: [],
      },
      ...{ log: new WorkerLog(silent), metrics, owner: 'race/1/a', startedAt: clock.now(), keyIds: [], channels: [] },
      // The quota is not what is looked at here.
      catalog: {
        ...catalog,
        backups: replaceCalls(catalog.backups, { stats: () => Promise.resolve(noStats) }),
        alerts: noAlerts,
      },
      // A look as often as the seed gives it a turn.
      tuning: {
        ...defaultTuning,
        tickMs: 20,
        lookMs: 0,
        retryBaseMs: 1,
        retryMostMs: 1,
        persistPauseMs: 1,
        persistMostMs: 1,
      },
      queue: queue as JobQueue,
      upkeep: { afterRun: () => Promise.resolve(nothing), afterVerification: () => Promise.resolve(nothing) },
    } as unknown as WorkerParts;
    return new RaceWorld(catalog, target, clock, queue, store, parts, turns);
  }

  /** A pending backup. */
  async trigger(at = this.clock.now()): Promise<string> {
    const backupId = newBackupId(this.target, at, systemRandom);
    await this.catalog.backups.insert(manualBackup(this.target, { backupId, createdAt: at }));
    return backupId;
  }

  /** A completed one, made some days ago and without any race. */
  async completed(days: number): Promise<string> {
    this.clock.jump(-days * dayMs);
    const backupId = await this.trigger();
    await this.#processor(this.parts).process({ backupId }, noAbort);
    this.clock.jump(days * dayMs);
    return backupId;
  }

  /** Every object that is there. */
  async objects(): Promise<[string, Buffer][]> {
    const found: [string, Buffer][] = [];
    for await (const { key } of this.store.list('')) found.push([key, (await this.store.getBytes(key, 2 ** 24)).bytes]);
    return found;
  }

  /** A worker that makes the backup. */
  run(actor: string, backupId: string): () => Promise<void> {
    const parts = { ...this.#partsOf(actor), owner: `race/1/${actor}` };
    return () => this.#processor(parts, actor).process({ backupId }, noAbort);
  }

  cancel(actor: string, backupId: string): () => Promise<string> {
    const { catalog } = this.#partsOf(actor);
    return () => new ChangeBackup(catalog, this.queue, this.clock, this.#log).cancel(backupId, actor);
  }

  /** The API's part, and the worker's when it was accepted. */
  delete(actor: string, backupId: string, force: boolean): () => Promise<string> {
    const parts = this.#partsOf(actor);
    return async () => {
      const { catalog, store, config } = parts;
      const deleting = new DeleteBackup(catalog, this.queue, this.clock, store, config, this.#log);
      const outcome = await deleting.delete(backupId, actor, force);
      if (outcome === 'under-way') await new DeleteProcessor(parts).process({ backupId }, noAbort);
      return outcome;
    };
  }

  verify(actor: string, backupId: string): () => Promise<void> {
    const parts = this.#partsOf(actor);
    return async () => {
      const context = { correlationId: 'race-race', deadline: startDeadline(this.clock), identity: null };
      const taskId = await new VerifyBackup(parts.catalog, this.queue, parts.config, this.clock, this.#log).verify(
        backupId,
        'readable',
        context,
      );
      await new VerifyProcessor(parts).process({ taskId }, noAbort);
    };
  }

  /** Retention that wants everything that is older than a day. */
  cleanup(actor: string): () => Promise<unknown> {
    const parts = this.#partsOf(actor);
    const windows = { hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, withinBytes: 0, timezone: 'UTC' };
    const policy = { retentionDays: 1, keepLast: 0, minKeep: 1, ...windows };
    return () =>
      runCleanup(
        { store: parts.store, clock: this.clock, observer: silentObserver, catalog: cleanupCatalog(parts, noAbort) },
        {
          ...{ target: this.target, dryRun: false, confirm: 100, graceMs: dayMs, expectedStoreId: parts.storeId },
          policyOf: () => ({ policy, intervalMs: dayMs }),
        },
        noAbort,
      );
  }

  /** An observer that takes the first claim for lost, and another worker. */
  takeOver(actor: string, backupId: string): () => Promise<void> {
    const { catalog } = this.#partsOf(actor);
    return async () => {
      const seen = (await catalog.backups.inProgress()).find(({ id }) => id === backupId);
      if (seen === undefined) return;
      await catalog.backups.expire(backupId, seen, this.clock.now());
      await this.run(actor, backupId)();
    };
  }

  /** What the queue and the reconciler would still do, in peace, until nothing is left. */
  async settle(backupId: string): Promise<BackupRecord> {
    for (let round = 0; round < 10; round += 1) {
      const record = await this.catalog.backups.find(backupId);
      if (record === null) throw new Error(`${backupId} is gone`);
      if (record.status === 'pending') await this.#processor(this.parts).process({ backupId }, noAbort);
      else if (record.status === 'deleting') await new DeleteProcessor(this.parts).process({ backupId }, noAbort);
      else if (record.status !== 'in_progress') return record;
      else throw new Error(`${backupId} is in progress, and nobody works on it`);
    }
    throw new Error(`${backupId} does not come to an end`);
  }

  /** Throws when it is not whole. */
  async expectWhole(backupId: string): Promise<void> {
    await runVerify(
      { store: this.store, ring: testRing, observer: silentObserver },
      { backupId, level: 'readable' },
      noAbort,
    );
  }

  #processor(parts: WorkerParts, actor?: string): BackupProcessor {
    const engine = dumpDouble({ archive: clinicArchive });
    const engines = { choose: () => Promise.resolve(actor === undefined ? engine : this.#inTurns(actor, engine)) };
    return new BackupProcessor(parts, engines as unknown as DumpEngines);
  }

  /** An engine each of whose pieces waits for its turn. */
  #inTurns(actor: string, engine: DumpEngine): DumpEngine {
    const { turns } = this;
    async function* pieces(stream: Readable): AsyncGenerator<Buffer> {
      for await (const piece of stream) {
        await turns.turn(actor);
        yield piece as Buffer;
      }
    }
    return {
      name: engine.name,
      probe: (request, signal) => engine.probe(request, signal),
      dump: async (request, probe, signal) => {
        const dump = await engine.dump(request, probe, signal);
        return { ...dump, stream: Readable.from(pieces(dump.stream)) };
      },
    };
  }

  #partsOf(actor: string): WorkerParts {
    const { catalog, store } = this.parts;
    return {
      ...this.parts,
      catalog: {
        ...catalog,
        backups: this.turns.of(actor, catalog.backups, backupCalls),
        tasks: this.turns.of(actor, catalog.tasks, taskCalls),
      },
      store: this.turns.of(actor, store, storeCalls),
    };
  }
}
