import { HeadObjectCommand, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { AppError } from '#contracts';
import type { ColdState } from '../object-store.js';

/** What bringing an object back takes, by S3's documentation. */
const waits: Readonly<Record<string, string>> = {
  GLACIER: '3 to 5 hours (tier Standard), 5 to 12 (Bulk, the cheapest), or minutes (Expedited, the dearest)',
  DEEP_ARCHIVE: 'up to 12 hours (tier Standard) or 48 (Bulk, the cheapest)',
};

/** Whether an object gives no bytes now. `Restore` tells of a copy that was asked for: on its way, or there until a date. */
export function coldStateOf({ StorageClass, ArchiveStatus, Restore }: HeadObjectCommandOutput): ColdState | undefined {
  const isArchived = StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE' || ArchiveStatus !== undefined;
  if (!isArchived || Restore?.includes('ongoing-request="false"') === true) return undefined;
  return { storageClass: StorageClass ?? 'archived', isComing: Restore?.includes('ongoing-request="true"') === true };
}

/** The refusal of a GET as what it is, when the object is cold: what to ask for, how long it takes, and that it costs. Null: something else. */
export async function coldError(
  client: S3Client,
  at: { readonly Bucket: string; readonly Key: string },
  error: unknown,
  location: string,
): Promise<AppError | null> {
  if (!(error instanceof Error) || error.name !== 'InvalidObjectState') return null;
  const cold = await client.send(new HeadObjectCommand(at)).then(coldStateOf, () => undefined);
  const storageClass = cold?.storageClass ?? 'a cold class';
  const wait = waits[storageClass] ?? 'hours';
  // What intelligent tiering brings back stays until it is forgotten again: a number of days is refused there.
  const days = storageClass === 'INTELLIGENT_TIERING' ? '' : 'Days=7,';
  const request = `aws s3api restore-object --bucket ${at.Bucket} --key ${at.Key} --restore-request '${days}GlacierJobParameters={Tier=Standard}'`;
  return new AppError({
    code: 'store/cold',
    stage: 'store',
    message:
      cold?.isComing === true
        ? `${at.Key} in ${location} is being brought back from ${storageClass}, and is not there yet`
        : `${at.Key} in ${location} lies in ${storageClass}: it gives no bytes until it was brought back`,
    hint:
      cold?.isComing === true
        ? `It takes ${wait}: try again then`
        : `Ask for it, which is billed by the gigabyte and takes ${wait}, and try again then: ${request}`,
    cause: error,
    details: { storageClass, isComing: cold?.isComing === true },
  });
}
