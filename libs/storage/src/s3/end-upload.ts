import { setTimeout as delay } from 'node:timers/promises';
import { AbortMultipartUploadCommand, ListPartsCommand, type S3Client } from '@aws-sdk/client-s3';
import { statusOf } from './translate-error.js';

export interface OpenUpload {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

const mostTries = 5;
const pauseMs = 100;

/**
 * Aborts an upload. A part that the server was still taking in when it was cut off may bring an aborted upload back (S3 says so of AbortMultipartUpload:
 * abort again, and list the parts to see that none is left), so where one was cut this looks, and aborts again.
 * Returns null once the upload is gone, else the reason why it is not.
 */
export async function endUpload(client: S3Client, upload: OpenUpload, partsWereCut: boolean): Promise<unknown> {
  const input = { Bucket: upload.bucket, Key: upload.key, UploadId: upload.uploadId };
  let problem: unknown = null;
  for (let tries = 1; tries <= mostTries; tries += 1) {
    if (tries > 1) await delay(pauseMs * tries);
    try {
      await client.send(new AbortMultipartUploadCommand(input));
    } catch (failure) {
      if (statusOf(failure) !== 404) {
        problem = failure;
        continue;
      }
    }
    if (!partsWereCut) return null;
    try {
      await client.send(new ListPartsCommand({ ...input, MaxParts: 1 }));
    } catch {
      // Gone; or the look failed, and then the abort that was confirmed counts.
      return null;
    }
    problem = new Error('parts that were under way came in after it was aborted');
  }
  return problem;
}
