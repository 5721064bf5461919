import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';

/** The end of the second that a reply's Date header names (it has no fraction): a backup that was just made is not dated after it. Null when the store sends none. */
export async function readServerTime(
  client: S3Client,
  bucket: string,
  options: { abortSignal?: AbortSignal },
): Promise<Date | null> {
  let date: string | undefined;
  const command = new HeadBucketCommand({ Bucket: bucket });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers = {} } = result.response as { headers?: Record<string, string> };
      date = headers['date'];
      return result;
    },
    { step: 'deserialize', name: 'readDate', priority: 'low' },
  );
  await client.send(command, options);
  return date === undefined ? null : new Date(Date.parse(date) + 999);
}
