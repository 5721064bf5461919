import { createHash, randomBytes } from 'node:crypto';
import { newBackupId, systemRandom, type BackupJson } from '#contracts';
import type { Core } from '../../apps/api/src/core/open-core.js';

export interface SeededBackup {
  readonly backupId: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

export interface SeedOptions {
  readonly target?: string;
  readonly at?: Date;
  /** Whether its object lies in the store; default true. */
  readonly stored?: boolean;
  readonly size?: number;
}

export const storeId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';

/** A completed backup as a worker leaves it: its record by the repository's own steps, its data object in the core's store. */
export async function seedCompleted(core: Core, options: SeedOptions = {}): Promise<SeededBackup> {
  const { target = 'clinic', at = new Date(), stored = true } = options;
  const bytes = randomBytes(options.size ?? 4_000);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const backupId = await seedPending(core, target, at);
  const record = await core.catalog.backups.claim(backupId, 'seeder', at);
  if (record === null) throw new Error('the seeded backup could not be claimed');
  const attempt = record.claim.fence;
  const key = `${target}/${backupId}/${attempt}/data.hzn`;
  const backup = backupJsonOf(backupId, target, attempt, at, { bytes: bytes.length, sha256 });
  await core.catalog.backups.recordCommit({ id: backupId, fence: attempt }, { attempt, bytes: JSON.stringify(backup) });
  if (stored) {
    if ((await core.store.head('hazina.json')) === null) await core.store.putBytes('hazina.json', identity(at));
    await core.store.putBytes(key, bytes);
  }
  await core.catalog.backups.complete(backupId, {
    backup,
    s3Key: key,
    metadata: {
      collections: [{ name: 'clinic.patients', documents: 3, bytes: 900 }],
      totalDocuments: 3,
      totalSize: 900,
      compressionRatio: 2,
    },
    warnings: [],
    resources: null,
    storeId,
  });
  return { backupId, bytes, sha256 };
}

/** A record that waits for a worker. */
export async function seedPending(core: Core, target: string, at: Date): Promise<string> {
  const backupId = newBackupId(target, at, systemRandom);
  const inserted = await core.catalog.backups.insert({
    backupId,
    target,
    trigger: 'manual',
    slot: null,
    correlationId: 'seeded-by-test',
    createdAt: at,
    label: null,
    pinned: false,
    jobNumber: 1,
  });
  if (inserted.outcome !== 'inserted') throw new Error(`the seeded backup was not inserted: ${inserted.outcome}`);
  return backupId;
}

function identity(at: Date): Buffer {
  return Buffer.from(
    JSON.stringify({ schema: 'hazina-store/1', storeId, kdfSalt: storeId, createdAt: at.toISOString() }),
  );
}

function backupJsonOf(
  backupId: string,
  target: string,
  attempt: number,
  at: Date,
  data: { readonly bytes: number; readonly sha256: string },
): BackupJson {
  const object = { ...data, fileId: '0'.repeat(32) };
  return {
    schema: 'hazina-backup/1',
    backupId,
    target,
    attempt,
    trigger: 'manual',
    startedAt: at.toISOString(),
    completedAt: new Date(at.getTime() + 5_000).toISOString(),
    expiresAt: new Date(at.getTime() + 30 * 86_400_000).toISOString(),
    label: null,
    pinned: false,
    databases: ['clinic'],
    engine: { name: 'native', version: '1.0.0' },
    server: { version: '7.0.77', topology: 'standalone' },
    consistency: { mode: 'none', at: null },
    content: { kind: 'mongodump-archive', compression: 'zstd' },
    objects: {
      data: { key: `${attempt}/data.hzn`, ...object },
      manifest: { key: `${attempt}/manifest.hzn`, ...object },
    },
    keyIds: ['0f3c0f3c0f3c0f3c'],
    totals: {
      databases: 1,
      collections: 1,
      views: 0,
      documents: 3,
      bsonBytes: 900,
      archiveBytes: 1_200,
      compressedBytes: data.bytes,
    },
  };
}
