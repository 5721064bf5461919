import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { PresignOptions } from '../object-store.js';

/** A URL that reads an object under a file name, without credentials. */
export async function signGet(
  client: S3Client,
  at: { readonly Bucket: string; readonly Key: string },
  { expiresIn, fileName }: PresignOptions,
): Promise<{ url: string; expiresAt: Date }> {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
  const disposition = `attachment; filename="${fileName.replaceAll(/[^A-Za-z0-9._-]/g, '_')}"`;
  const command = new GetObjectCommand({ ...at, ResponseContentDisposition: disposition });
  const url = await getSignedUrl(client, command, { expiresIn });
  return { url, expiresAt: new Date(Date.now() + expiresIn * 1000) };
}
