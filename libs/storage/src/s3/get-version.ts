import { GetObjectCommand, type GetObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { preconditionFailed, requireVersion } from '../key-rules.js';
import type { ByteRange } from '../object-store.js';
import { statusOf } from './translate-error.js';

export interface Wanted {
  readonly key: string;
  readonly location: string;
  readonly range: ByteRange | undefined;
}

/** The body of an object, of the version that the range names. A store that passes over If-Match is not believed: the reply's own ETag decides. */
export async function getVersion(
  client: S3Client,
  input: GetObjectCommandInput,
  { key, location, range }: Wanted,
  options: { abortSignal?: AbortSignal },
): Promise<Readable> {
  const pinned = range?.ifMatch === undefined ? {} : { IfMatch: range.ifMatch };
  const { Body, ETag = '' } = await client
    .send(new GetObjectCommand({ ...input, ...pinned }), options)
    .catch((error: unknown) => {
      throw statusOf(error) === 412 ? preconditionFailed(key, location) : error;
    });
  const body = Body as Readable;
  try {
    requireVersion(key, location, ETag, range);
  } catch (error) {
    body.destroy();
    throw error;
  }
  return body;
}
