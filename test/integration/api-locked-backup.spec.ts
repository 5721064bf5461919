import { expect, it } from '@jest/globals';
import { CreateBucketCommand, PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import { services, uniqueBucket } from '../services/services.js';
import { withS3Client } from '../services/s3-client.js';
import { seedCompleted } from '../support/api-records.js';
import { ApiWorld } from '../support/api-world.js';

it('a backup that the store holds locked is refused at once, by name, as the worker would', async () => {
  const { endpoint, accessKeyId, secretAccessKey } = services().s3;
  const bucket = uniqueBucket();
  await withS3Client(services().s3, (client) =>
    client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true })),
  );
  const world = await ApiWorld.start({
    environment: {
      ...{ S3_BACKUP_BUCKET: bucket, S3_ENDPOINT: endpoint, S3_BACKUP_PREFIX: 'hazina/' },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    },
  });
  try {
    const { backupId } = await seedCompleted(world.core);
    const hold = (Status: 'ON' | 'OFF') =>
      withS3Client(services().s3, (client) =>
        client.send(
          new PutObjectLegalHoldCommand({
            ...{ Bucket: bucket, Key: `hazina/clinic/${backupId}/1/data.hzn` },
            LegalHold: { Status },
          }),
        ),
      );
    const path = `/api/admin/backups/${backupId}?force=true`;
    await hold('ON');
    const refused = await world.call('DELETE', path);
    expect({ status: refused.status, body: refused.body }).toMatchObject({
      status: 409,
      body: { type: 'https://hazina.dev/problems/backup-refused', detail: expect.stringContaining('legal hold') },
    });
    expect((await world.core.catalog.backups.find(backupId))?.status).toBe('completed');
    await hold('OFF');
    expect((await world.call('DELETE', path)).status).toBe(202);
  } finally {
    await world.close();
  }
});
