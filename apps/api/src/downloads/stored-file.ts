import { createHash } from 'node:crypto';
import { AppError, parseJson, storeIdentity, type BackupRecord } from '#contracts';
import type { ColdState, ObjectStore } from '#storage';

const mostIdentityBytes = 16 * 1024;
const mostHeaderBytes = 16 * 1024;

export interface StoredFile {
  /** Relative to the store's prefix. */
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
}

export interface StoredBackup {
  readonly data: StoredFile;
  /** The sidecar that a key rotation wrote; null without one. */
  readonly header: StoredFile | null;
}

/** Where a completed backup's objects lie, relative to the store's prefix; null: the record does not tell. */
export function keysOf({
  s3Key,
  backupId,
  target,
}: Pick<BackupRecord, 's3Key' | 'backupId' | 'target'>): Readonly<
  Record<'data' | 'manifest' | 'commit' | 'header', string>
> | null {
  // The key ends with <target>/<backupId>/<attempt>/data.hzn, whatever the prefix of the store is.
  const folder = `${target}/${backupId}/`;
  const at = s3Key?.lastIndexOf(folder) ?? -1;
  const attempt = /^(\d{1,9})\/data\.hzn$/.exec(s3Key?.slice(at + folder.length) ?? '')?.[1];
  if (at < 0 || attempt === undefined) return null;
  const inAttempt = `${folder}${attempt}/`;
  return {
    data: `${inAttempt}data.hzn`,
    manifest: `${inAttempt}manifest.hzn`,
    commit: `${folder}backup.json`,
    header: `${inAttempt}header.hzn`,
  };
}

/**
 * Looks whether a completed backup's files are there. Throws `store/changed` where this store is not the one they were put into, or they stand in a destination, which
 * the API has no credentials of; `backup/object-missing`.
 */
export async function locate(store: ObjectStore, record: BackupRecord, signal: AbortSignal): Promise<StoredBackup> {
  const { hash, size, place } = record;
  if (place !== null) throw elsewhere(record.backupId, place);
  const keys = keysOf(record);
  if (keys === null || hash === null || size === null) throw missing();
  const head = await store.head(keys.data, signal);
  if (head === null) {
    await checkIdentity(store, record.storeId, signal);
    throw missing();
  }
  if (head.cold !== undefined) throw cold(head.cold);
  if (head.bytes !== size) {
    throw new AppError({
      code: 'backup/damaged',
      stage: 'request',
      message: `The object has ${head.bytes} bytes instead of ${size}`,
      hint: 'Verify the backup, and take another one',
    });
  }
  return {
    data: { key: keys.data, size, sha256: hash },
    header: await findHeader(store, keys.header, signal),
  };
}

async function findHeader(store: ObjectStore, key: string, signal: AbortSignal): Promise<StoredFile | null> {
  if ((await store.head(key, signal)) === null) return null;
  const { bytes } = await store.getBytes(key, mostHeaderBytes, signal);
  return { key, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** An unmounted volume must not look like an empty one (spec/objects.md, "The store's identity"). */
async function checkIdentity(store: ObjectStore, storeId: string | null, signal: AbortSignal): Promise<void> {
  const found = await readStoreId(store, signal);
  if (found !== null && (storeId === null || storeId === found)) return;
  throw new AppError({
    code: 'store/changed',
    stage: 'store',
    message:
      found === null
        ? 'This process does not see the store that the backup is in'
        : 'The store of this process is another one than the backup was put into',
    hint: 'Give the API the same BACKUP_DIRECTORY (or bucket) as the workers; hazina open and extract work without it',
    retry: 'retry',
  });
}

export async function readStoreId(store: ObjectStore, signal: AbortSignal): Promise<string | null> {
  if ((await store.head('hazina.json', signal)) === null) return null;
  const { bytes } = await store.getBytes('hazina.json', mostIdentityBytes, signal);
  return parseJson(storeIdentity, bytes, {
    code: 'store/changed',
    stage: 'store',
    what: 'hazina.json',
    hint: 'The store has lost its identity: bring the file back from a copy of the store before anything is written',
  }).storeId;
}

function elsewhere(backupId: string, place: string): AppError {
  return new AppError({
    ...{ code: 'store/changed', stage: 'store', retry: 'retry' },
    message: `The backup was written to the destination ${place}, for the primary store was away, and is not home yet`,
    hint: `It comes home by itself. Until then hazina verify ${backupId} --from ${place} and hazina restore ${backupId} --from ${place} read it there`,
  });
}

function missing(): AppError {
  return new AppError({
    code: 'backup/object-missing',
    stage: 'request',
    message: 'The object of the backup is not in the store',
    hint: 'It was removed from there by somebody else, or the record is of another store',
  });
}

function cold({ storageClass, isComing }: ColdState): AppError {
  return new AppError({
    code: 'store/cold',
    stage: 'request',
    message: isComing
      ? `The backup is being brought back from ${storageClass}, and is not there yet`
      : `The backup lies in ${storageClass}: it gives no bytes until it was brought back`,
    hint: 'docs/s3.md, "Storage classes", has the request, how long it takes, and what it costs',
  });
}
