import { expect } from '@jest/globals';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';
import type { ApiClient } from './api-client.js';
import { compareDatabases } from './compare-databases.js';
import { Gate } from './gate.js';
import { processesOf, temporaryFiles } from './leftovers.js';
import { allFinal, finalStates } from './nothing-left.js';
import { hazina } from './run-hazina.js';
import { startS3Proxy, type S3Proxy } from './s3-proxy.js';
import type { ServiceProcess } from './service-process.js';
import { ServiceWorld, type Settings } from './service-world.js';

/** Short, so that takeovers show within seconds; long enough for a busy machine. */
const lease = { BACKUP_LEASE_SECONDS: '4', BACKUP_BEAT_SECONDS: '1', BACKUP_REAPER_SECONDS: '1' };
export const leaseAndTwoIntervalsMs = 4_000 + 2 * 1_000;
/** A backup of the source is an upload of two parts. */
const twoParts: Settings = { BACKUP_COMPRESSION: 'none', S3_PART_SIZE: String(5 * 1024 * 1024) };
const documents = 11_000;

export interface FaultsOptions {
  /** Of a targets file, instead of the one target `clinic`. */
  readonly targets?: readonly Settings[];
  /** In the source. Default: so many that their backup takes two parts. */
  readonly documents?: number;
  /** Another way to the data of the common server, for the catalogue. */
  readonly catalogServer?: string;
}

/** The service on real servers, for tests that break it: an API that lives through them all, and workers that come and go with each. */
export class ServiceFaults {
  readonly operator: ApiClient;

  private constructor(
    readonly world: ServiceWorld,
    readonly api: ServiceProcess,
    /** Before the store, for `behindProxy`. */
    readonly store: S3Proxy,
    private readonly made: Awaited<ReturnType<ServiceWorld['fill']>>,
  ) {
    this.operator = world.as('operator', api);
  }

  static async open(settings: Settings = {}, options: FaultsOptions = {}): Promise<ServiceFaults> {
    const world = await ServiceWorld.create('bucket', { ...lease, ...twoParts, BACKUP_VERIFY: 'off', ...settings });
    const { targets, catalogServer } = options;
    world.settings = {
      ...world.settings,
      ...(targets === undefined ? {} : world.withTargets('targets', targets)),
      ...(catalogServer === undefined ? {} : { CATALOG_MONGODB_URI: new URL(world.catalog, catalogServer).href }),
    };
    const made = await world.fill(options.documents ?? documents);
    const store = await startS3Proxy(services().s3.endpoint);
    return new ServiceFaults(world, await world.startApi(), store, made);
  }

  /** One more worker. */
  worker(settings: Settings = {}): Promise<ServiceProcess> {
    return this.world.startWorker(settings);
  }

  /** Settings of a worker that reaches the store through the proxy. */
  get behindProxy(): Settings {
    return { S3_ENDPOINT: this.store.endpoint };
  }

  /** The second part of the next upload behind the proxy waits at this gate: the backup stays in its upload until the test lets it go on. */
  holdUpload(): Gate {
    const gate = new Gate();
    this.store.on({ kind: 'hold', gate }, { operation: 'UploadPart', partNumber: 2, times: 1 });
    return gate;
  }

  /** Waits until a backup is in its upload: one that the store knows, and of which a part waits at the gate. */
  async inUpload(backupId: string, gate?: Gate): Promise<void> {
    if (gate !== undefined) await waitUntil(() => gate.arrivals > 0, { what: 'a part at the gate', timeoutMs: 60_000 });
    const isOpen = async () => (await this.world.inStore()).uploads.some((key) => key.includes(backupId));
    await waitUntil(isOpen, { what: `an open upload of ${backupId}`, timeoutMs: 60_000, intervalMs: 50 });
  }

  /** Waits for a final state, past the API and its limit of requests; the backup as the API shows it then. */
  async ended(backupId: string, timeoutMs = 120_000): Promise<Record<string, unknown>> {
    const isFinal = async () => (await this.world.records({ backupId, status: { $in: finalStates } })).length > 0;
    await waitUntil(isFinal, {
      ...{ what: `the end of ${backupId}`, timeoutMs, intervalMs: 50 },
      onTimeout: () => this.world.processes.map(({ tail }) => tail).join('\n'),
    });
    return this.operator.backup(backupId);
  }

  async completed(backupId: string, timeoutMs = 120_000): Promise<Record<string, unknown>> {
    const done = await this.ended(backupId, timeoutMs);
    expect(done).toMatchObject({ status: 'completed', error: null });
    return done;
  }

  /** Waits for the verification that follows a backup. */
  async verified(backupId: string, timeoutMs = 30_000): Promise<void> {
    const isVerified = async () =>
      (await this.world.records({ backupId, 'verificationStatus.verified': true })).length > 0;
    await waitUntil(isVerified, { what: `the verification of ${backupId}`, timeoutMs, intervalMs: 50 });
  }

  /** Types of the events of a run, its stages left out. */
  async story(backupId: string): Promise<string[]> {
    const [record] = await this.world.records({ backupId });
    const events = (record?.['events'] ?? []) as { type: string }[];
    return events.map(({ type }) => type).filter((type) => type !== 'stage' && type !== 'verified');
  }

  /** Keys of the alerts that are raised. */
  async alerts(): Promise<string[]> {
    const notifications = this.world.client.db(this.world.catalog).collection('notifications');
    return (await notifications.find({ raised: { $type: 'string' } }).toArray())
      .map(({ raised }) => String(raised))
      .sort();
  }

  /** A backup restores to data equal to the source's. */
  async expectEqual(backupId: string): Promise<void> {
    const { source, cliEnvironment, client } = this.world;
    const target = uniqueDatabase('restored');
    const args = ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${source}=${target}`];
    try {
      const restored = await hazina(args, cliEnvironment);
      expect({ code: restored.code, stderr: restored.stderr }).toMatchObject({ code: 0 });
      const uri = services().mongodbUri;
      const comparison = await compareDatabases({ uri, db: source }, { uri, db: target });
      expect(comparison).toMatchObject({ differences: [], documents: this.made.documents });
    } finally {
      await client.db(target).dropDatabase();
    }
  }

  /** Every byte of a backup whose data is not the source's (a double's) proves to be good. */
  async expectGood(backupId: string): Promise<void> {
    const verified = await hazina(['verify', backupId], this.world.cliEnvironment);
    expect({ code: verified.code, stderr: verified.stderr }).toMatchObject({ code: 0 });
  }

  /** The sum of a metric over its labels, as an API or a worker shows it. */
  async metric(service: ServiceProcess, name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => /^[^\s{]+/.exec(line)?.[0] === name && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Runs that this API and these workers took from lost ones. */
  async leasesExpired(...workers: readonly ServiceProcess[]): Promise<number> {
    const counts = [this.api, ...workers].map((service) => this.metric(service, 'hazina_lease_expired_total'));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /**
   * What must hold after every fault: no record that is not final, in the store one committed set of each completed backup and nothing else, the API and the workers
   * with no more memory than when they were ready, workers that end in order, no process and no temporary file.
   */
  async expectNothingLeft(): Promise<void> {
    const { world, api } = this;
    this.store.heal();
    try {
      await allFinal(world.client.db(world.catalog));
      const running = world.processes.filter((service) => service !== api && service.exit === undefined);
      for (const service of [api, ...running]) await service.memoryIsBack();
      const ends = await Promise.all(running.map((service) => service.stop('SIGTERM', 60_000)));
      expect(ends.filter(({ code }) => code !== 0)).toEqual([]);
      const { keys, uploads } = await world.inStore();
      const sets = (await world.records({ status: 'completed' })).flatMap(objectsOf).sort();
      const failed = (await world.records({ status: 'failed' })).map((record) => String(record['backupId']));
      // The lease file of the last attempt of a backup that was given up tells the sweeper that nobody works there any more.
      const isSwept = (key: string) => key.endsWith('/lease.json') && failed.some((backupId) => key.includes(backupId));
      const others = keys.filter((key) => !key.endsWith('/hazina.json') && !isSwept(key));
      expect({ uploads, keys: others }).toEqual({ uploads: [], keys: sets });
      const nobody = () => processesOf(world.folder, [api.pid]).length === 0;
      await waitUntil(nobody, {
        what: 'the end of every process',
        onTimeout: () => processesOf(world.folder).join('\n'),
      });
      expect(temporaryFiles(world.temporary)).toEqual([]);
    } finally {
      await this.#clear();
    }
  }

  async close(): Promise<void> {
    await this.world.close();
    await this.store.close();
  }

  /** So that a test that failed breaks no other. */
  async #clear(): Promise<void> {
    const { world, api } = this;
    await Promise.allSettled(
      world.processes.filter((service) => service !== api).map((service) => service.stop('SIGKILL')),
    );
    await world.client
      .db(world.catalog)
      .collection('backups')
      .deleteMany({ status: { $nin: finalStates } });
  }
}

/** Keys of the objects of a completed backup. */
function objectsOf({ s3Key }: Record<string, unknown>): string[] {
  const data = String(s3Key);
  const folder = data.replace(/\d+\/data\.hzn$/, '');
  return [data, data.replace(/data\.hzn$/, 'manifest.hzn'), `${folder}backup.json`];
}
