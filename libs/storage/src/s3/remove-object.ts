import {
  DeleteObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { AppError, type Clock } from '#contracts';
import type { HiddenObject } from '../object-store.js';
import { lockOf } from './head-object.js';
import { defaultLockOf } from './protection.js';
import { isUntold, statusOf } from './translate-error.js';

interface At {
  readonly Bucket: string;
  readonly Key: string;
}

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

interface Version {
  readonly id: string | undefined;
  readonly isLatest: boolean;
}

/** How a store without versions, and one that stopped keeping them, names what is not one of several. */
const noVersion = 'null';
const dayMs = 86_400_000;
/** Headers have whole seconds: a lock holds a little longer than they say. */
const headerMs = 2_000;

/**
 * Removes an object with all its versions. The older ones go first: were the newest to go alone, the one before would stand in its place. What was written before
 * versions were kept is the version `null`, which a plain DELETE only hides since. Without the right to see or remove versions a plain DELETE is all that is left:
 * where versions are kept it hides the object.
 */
export async function removeWithVersions(
  client: S3Client,
  at: At,
  context: { readonly clock: Clock; readonly location: string },
  options: SendOptions,
): Promise<void> {
  const versions = await versionsOf(client, at, options);
  if (versions?.length === 0) return;
  if (versions === null || versions.every(({ id }) => id === undefined)) {
    await removePlainly(client, at, options);
    return;
  }
  const older = versions.filter(({ isLatest }) => !isLatest);
  for (const { id } of [...older, ...versions.filter(({ isLatest }) => isLatest)]) {
    try {
      await client.send(new DeleteObjectCommand({ ...at, VersionId: id }), options);
    } catch (error) {
      if (statusOf(error) === 404) continue;
      const locked = await lockedError(client, { ...at, VersionId: id }, context, error, options);
      // Where none was ever kept, nobody needs the right to remove versions.
      if (locked !== null || versions.length > 1 || id !== noVersion || !isUntold(error)) throw locked ?? error;
      await removePlainly(client, at, options);
    }
  }
}

/** A DELETE of the object and of no version. True: it stands on as a version that is not the newest. */
export async function removePlainly(client: S3Client, at: At, options: SendOptions): Promise<boolean> {
  return (await client.send(new DeleteObjectCommand(at), options)).DeleteMarker === true;
}

/** Keys below a prefix of which versions stand but no object. */
export async function* hiddenBelow(
  client: S3Client,
  { Bucket, Prefix }: { readonly Bucket: string; readonly Prefix: string },
  options: SendOptions,
): AsyncGenerator<HiddenObject> {
  const found = new Map<string, { versions: number; bytes: number; stands: boolean }>();
  for await (const { Versions = [], DeleteMarkers = [] } of versionPages(client, { Bucket, Prefix }, options)) {
    const note = (key: string, bytes: number, stands: boolean): void => {
      const known = found.get(key) ?? { versions: 0, bytes: 0, stands: false };
      found.set(key, { versions: known.versions + 1, bytes: known.bytes + bytes, stands: known.stands || stands });
    };
    for (const { Key = '', Size = 0, IsLatest } of Versions) note(Key, Size, IsLatest === true);
    for (const { Key = '' } of DeleteMarkers) note(Key, 0, false);
  }
  for (const [key, { versions, bytes, stands }] of found) if (!stands) yield { key, versions, bytes };
}

async function versionsOf(client: S3Client, { Bucket, Key }: At, options: SendOptions): Promise<Version[] | null> {
  const versions: Version[] = [];
  try {
    for await (const page of versionPages(client, { Bucket, Prefix: Key }, options)) {
      for (const one of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
        if (one.Key === Key) versions.push({ id: one.VersionId, isLatest: one.IsLatest === true });
    }
    return versions;
  } catch (error) {
    if (isUntold(error)) return null;
    throw error;
  }
}

async function* versionPages(
  client: S3Client,
  at: { readonly Bucket: string; readonly Prefix: string },
  options: SendOptions,
): AsyncGenerator<ListObjectVersionsCommandOutput> {
  let KeyMarker: string | undefined;
  let VersionIdMarker: string | undefined;
  do {
    const page = await client.send(new ListObjectVersionsCommand({ ...at, KeyMarker, VersionIdMarker }), options);
    yield page;
    [KeyMarker, VersionIdMarker] =
      page.IsTruncated === true ? [page.NextKeyMarker, page.NextVersionIdMarker] : [undefined, undefined];
  } while (KeyMarker !== undefined);
}

/** The refusal of a DELETE as the lock that it comes from; null: it comes from elsewhere, or nobody may know. */
async function lockedError(
  client: S3Client,
  at: At & { readonly VersionId: string | undefined },
  { clock, location }: { readonly clock: Clock; readonly location: string },
  cause: unknown,
  options: SendOptions,
): Promise<AppError | null> {
  if (!isUntold(cause)) return null;
  const until = await lockOfVersion(client, at, options).catch(() => undefined);
  if (until === undefined || until.getTime() + headerMs <= clock.now().getTime()) return null;
  return new AppError({
    code: 'store/locked',
    stage: 'store',
    message: `${location} keeps ${at.Key} locked until ${until.toISOString()}`,
    hint: 'That is what the lock is for. Nothing to do: retention and the sweeper remove it when the date has passed; a deletion by hand is to be asked for again then',
    cause,
    details: { lockedUntil: until.toISOString() },
  });
}

/** Its own lock; else the one that the bucket gives to all, which not every store tells of each object. */
async function lockOfVersion(
  client: S3Client,
  at: At & { readonly VersionId: string | undefined },
  options: SendOptions,
): Promise<Date | undefined> {
  const head = await client.send(new HeadObjectCommand(at), options);
  const own = lockOf(head);
  if (own !== undefined) return own;
  const { ObjectLockConfiguration } = await client.send(
    new GetObjectLockConfigurationCommand({ Bucket: at.Bucket }),
    options,
  );
  const all = defaultLockOf(ObjectLockConfiguration);
  if (all === null || head.LastModified === undefined) return undefined;
  return new Date(head.LastModified.getTime() + all.days * dayMs);
}
