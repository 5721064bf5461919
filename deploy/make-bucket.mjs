// Makes the bucket S3_BACKUP_BUCKET when there is none; for the development store of docker-compose.yml. Repeats until the store answers.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

const { S3_BACKUP_BUCKET: Bucket, S3_ENDPOINT: endpoint, AWS_REGION: region = 'us-east-1' } = process.env;
const client = new S3Client({ endpoint, region, forcePathStyle: true });
const tries = 30;
for (let left = tries; ; left -= 1) {
  try {
    await client.send(new CreateBucketCommand({ Bucket }));
    console.log(`made the bucket ${Bucket}`);
    break;
  } catch (error) {
    if (['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'].includes(error.name)) {
      console.log(`the bucket ${Bucket} is there`);
      break;
    }
    if (left === 1) {
      console.error(`the bucket ${Bucket} cannot be made: ${error.message}`);
      process.exit(1);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
