import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { S3Connection } from './service-state.js';

/** True when the server answers and knows our key; throws otherwise. */
export async function pingS3(connection: S3Connection): Promise<true> {
  return withS3Client(connection, async (client) => {
    try {
      await client.send(new ListBucketsCommand({}));
    } catch (error) {
      // A key that may not list buckets is known all the same.
      if (!(error instanceof Error && error.name === 'AccessDenied')) throw error;
    }
    return true as const;
  });
}

export async function createBucket(connection: S3Connection, name: string): Promise<void> {
  await withS3Client(connection, (client) => client.send(new CreateBucketCommand({ Bucket: name })));
}

/** Removes a bucket with everything in it, all versions included. */
export async function removeBucket(connection: S3Connection, name: string): Promise<void> {
  await withS3Client(connection, async (client) => {
    for (;;) {
      const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: name }));
      const objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (objects.length === 0) break;
      await client.send(new DeleteObjectsCommand({ Bucket: name, Delete: { Objects: objects, Quiet: true } }));
    }
    await client.send(new DeleteBucketCommand({ Bucket: name }));
  });
}

/** A client for one piece of work. */
export async function withS3Client<T>(connection: S3Connection, work: (client: S3Client) => Promise<T>): Promise<T> {
  const { endpoint, region, accessKeyId, secretAccessKey } = connection;
  const client = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}
