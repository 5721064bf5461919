import {
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { cancelled, throwIfAborted } from '#contracts';
import { checkPrefix } from '../key-rules.js';
import type { HiddenObject, ObjectEntry, OpenUpload } from '../object-store.js';
import { callS3 } from './call-s3.js';
import { nextPage } from './next-page.js';
import { readVersioning } from './protection.js';
import { hiddenBelow } from './remove-object.js';
import { isUntold, statusOf, translateS3Error } from './translate-error.js';

/** The part of a bucket that a store is. */
export interface Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly location: string;
}

export async function* listObjects(
  client: S3Client,
  place: Place,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectEntry> {
  for await (const { Contents = [] } of pages(client, place, { prefix, delimiter: undefined, signal })) {
    for (const { Key = '', Size = 0, LastModified = new Date(0) } of Contents) {
      yield { key: Key.slice(place.prefix.length), bytes: Size, lastModified: LastModified };
    }
  }
}

export async function* listFolders(
  client: S3Client,
  place: Place,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  for await (const { CommonPrefixes = [] } of pages(client, place, { prefix, delimiter: '/', signal })) {
    for (const { Prefix = '' } of CommonPrefixes)
      yield Prefix.slice(place.prefix.length + prefix.length).replace(/\/$/, '');
  }
}

export async function* listUploads(
  client: S3Client,
  { bucket, prefix: own, location }: Place,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<OpenUpload> {
  checkPrefix(prefix);
  let keyMarker: string | undefined;
  let idMarker: string | undefined;
  let more: boolean;
  do {
    const input = {
      Bucket: bucket,
      Prefix: `${own}${prefix}`,
      KeyMarker: keyMarker,
      UploadIdMarker: idMarker,
    };
    const page = await callS3({ what: 'listing uploads', location, signal }, (options) =>
      client.send(new ListMultipartUploadsCommand(input), options),
    );
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      yield { key: Key.slice(own.length), uploadId: UploadId, initiatedAt: Initiated ?? null };
    }
    const last = `${keyMarker ?? ''} ${idMarker ?? ''}`;
    const next = `${page.NextKeyMarker ?? ''} ${page.NextUploadIdMarker ?? ''}`;
    more = nextPage(page, next.trim() === '' ? undefined : next, last, location) !== undefined;
    ({ NextKeyMarker: keyMarker, NextUploadIdMarker: idMarker } = page);
  } while (more);
}

/** `keepsVersions`: undefined: nobody knows. Throws `store/refused` when it may keep some, and who asks may not see them. */
export async function* listHidden(
  client: S3Client,
  { bucket, prefix: own, location }: Place,
  prefix: string,
  { signal, keepsVersions }: { readonly signal: AbortSignal | undefined; readonly keepsVersions: boolean | undefined },
): AsyncGenerator<HiddenObject> {
  checkPrefix(prefix);
  try {
    throwIfAborted(signal, 'store');
    const at = { Bucket: bucket, Prefix: `${own}${prefix}` };
    for await (const hidden of hiddenBelow(client, at, signal === undefined ? {} : { abortSignal: signal }))
      yield { ...hidden, key: hidden.key.slice(own.length) };
  } catch (error) {
    if (signal?.aborted === true) throw cancelled(signal, 'store');
    if (keepsVersions !== true && isUntold(error)) {
      // One that does not know the request keeps none. One that refuses it may: what it says of itself decides.
      if (statusOf(error) !== 403) return;
      if ((await readVersioning(client, bucket, signal === undefined ? {} : { abortSignal: signal })) === 'off') return;
    }
    throw translateS3Error(error, 'listing versions', location);
  }
}

interface Pages {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly signal: AbortSignal | undefined;
}

async function* pages(
  client: S3Client,
  { bucket, prefix: own, location }: Place,
  { prefix, delimiter, signal }: Pages,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  checkPrefix(prefix);
  let token: string | undefined;
  do {
    const input = {
      Bucket: bucket,
      Prefix: `${own}${prefix}`,
      Delimiter: delimiter,
      ContinuationToken: token,
    };
    const page: ListObjectsV2CommandOutput = await callS3({ what: 'listing', location, signal }, (options) =>
      client.send(new ListObjectsV2Command(input), options),
    );
    yield page;
    token = nextPage(page, page.NextContinuationToken, token, location);
  } while (token !== undefined);
}
