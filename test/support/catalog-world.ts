import { MongoClient } from 'mongodb';
import { openCatalog, type Catalog, type CatalogOptions, type NewBackup, type NewTask } from '#catalog';
import { AppError, newBackupId, Secret, slotBackupId, systemClock, systemRandom, type BackupJson } from '#contracts';
import { services, uniqueDatabase } from '../services/services.js';

/** A catalogue in a database of its own on the real server, and what tests put into it. */
export interface CatalogWorld {
  readonly catalog: Catalog;
  readonly uri: Secret;
  readonly database: string;
  /** The bare driver, to see what lies there. */
  readonly client: MongoClient;
  /** One more process's view of the same catalogue. */
  another(): Promise<Catalog>;
  close(): Promise<void>;
}

export async function catalogWorld(options: Partial<CatalogOptions> = {}): Promise<CatalogWorld> {
  const database = uniqueDatabase('catalog');
  const uri = new Secret(catalogUri(database));
  const opened: Catalog[] = [];
  const another = async (): Promise<Catalog> => {
    const catalog = await openCatalog({ uri, clock: systemClock, random: systemRandom, ...options });
    opened.push(catalog);
    return catalog;
  };
  const client = await MongoClient.connect(services().mongodbUri);
  return {
    catalog: await another(),
    ...{ uri, database, client, another },
    async close() {
      for (const catalog of opened) await catalog.close();
      await client.db(database).dropDatabase();
      await client.close();
    },
  };
}

export function catalogUri(database: string): string {
  const url = new URL(services().mongodbUri);
  url.pathname = `/${database}`;
  return url.href;
}

let targets = 0;
/** A target name that no other test of this process has. */
export function newTarget(): string {
  targets += 1;
  return `t${targets}`;
}

export function manualBackup(target: string, more: Partial<NewBackup> = {}): NewBackup {
  const createdAt = more.createdAt ?? new Date();
  return {
    backupId: newBackupId(target, createdAt, systemRandom),
    ...{ target, trigger: 'manual', slot: null, correlationId: 'test-correlation', createdAt },
    ...{ label: null, pinned: false, jobNumber: 1 },
    ...more,
  };
}

export function slotBackup(target: string, slot: Date, more: Partial<NewBackup> = {}): NewBackup {
  return { ...manualBackup(target, more), backupId: slotBackupId(target, slot), trigger: 'schedule', slot };
}

export function verifyTask(backupId: string, number = 1, more: Partial<NewTask> = {}): NewTask {
  return {
    taskId: `${backupId}-v${number}`,
    ...{ kind: 'verify', createdAt: new Date(), correlationId: 'test-correlation', backupId, level: 'readable' },
    cleanup: null,
    ...more,
  };
}

export function backupJsonOf(backupId: string, target: string, attempt: number, at = new Date()): BackupJson {
  const time = at.toISOString();
  const object = (name: 'data' | 'manifest', bytes: number) => ({
    key: `${attempt}/${name}.hzn`,
    ...{ bytes, sha256: (name === 'data' ? 'a' : 'b').repeat(64), fileId: '0'.repeat(32) },
  });
  return {
    ...{ schema: 'hazina-backup/1', backupId, target, attempt, trigger: 'manual' },
    ...{ startedAt: new Date(at.getTime() - 1000).toISOString(), completedAt: time, expiresAt: null },
    ...{ label: null, pinned: false, databases: ['clinic'], engine: { name: 'native', version: '1.0.0' } },
    ...{ server: { version: '7.0.0', topology: 'standalone' }, consistency: { mode: 'none', at: null } },
    content: { kind: 'mongodump-archive', compression: 'zstd' },
    objects: { data: object('data', 4096), manifest: object('manifest', 512) },
    keyIds: ['0123456789abcdef'],
    totals: {
      ...{ databases: 1, collections: 2, views: 0, documents: 30, bsonBytes: 9000 },
      ...{ archiveBytes: 9500, compressedBytes: 4000 },
    },
  };
}

/** Inserts, claims, commits and completes a backup; its id. */
export async function completedBackup(
  catalog: Catalog,
  target: string,
  more: Partial<NewBackup> = {},
  at = new Date(),
  databases: readonly string[] = ['clinic'],
  told: Pick<BackupJson, 'part'> = {},
): Promise<string> {
  const backup = manualBackup(target, { createdAt: at, ...more });
  await catalog.backups.insert(backup);
  await completeBackup(catalog, backup.backupId, target, at, databases, told);
  return backup.backupId;
}

export async function completeBackup(
  catalog: Catalog,
  backupId: string,
  target: string,
  at = new Date(),
  databases: readonly string[] = ['clinic'],
  told: Pick<BackupJson, 'part'> = {},
): Promise<void> {
  const claimed = await catalog.backups.claim(backupId, 'test/1/a', at);
  if (claimed === null) throw new Error(`${backupId} cannot be claimed`);
  const { fence } = claimed.claim;
  const backup = { ...backupJsonOf(backupId, target, fence, at), databases: [...databases], ...told };
  await catalog.backups.recordCommit({ id: backupId, fence }, { attempt: fence, bytes: JSON.stringify(backup) });
  await catalog.backups.complete(backupId, completedFacts(backup));
}

export function completedFacts(backup: BackupJson): Parameters<Catalog['backups']['complete']>[1] {
  return {
    backup,
    s3Key: `prefix/${backup.target}/${backup.backupId}/${backup.objects.data.key}`,
    metadata: {
      collections: [{ name: 'clinic.people', documents: 30, bytes: 9000 }],
      ...{ totalDocuments: 30, totalSize: 9000, compressionRatio: 2.3 },
    },
    warnings: [],
    resources: null,
    storeId: 'f'.repeat(32),
  };
}

export function failure(code: AppError['code'] = 'source/unreachable', retry: AppError['retry'] = 'retry') {
  return { error: new AppError({ code, stage: 'dump', retry, message: `failed with ${code}` }), at: new Date() };
}
