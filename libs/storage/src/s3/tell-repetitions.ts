import type { S3Client } from '@aws-sdk/client-s3';
import type { TellRepetition } from '../store-options.js';

interface Input {
  readonly Key?: string;
  readonly PartNumber?: number;
}

/** Tells of every request that is sent again, with what became of the try before. The SDK says nothing of what it repeats while it ends well. */
export function tellRepetitions(client: S3Client, tell: TellRepetition): void {
  client.middlewareStack.add(
    // Made once for each command: its tries share what stands here.
    (next, { commandName = 'a request' }) => {
      let attempt = 0;
      let reason = '';
      return async (args) => {
        attempt += 1;
        const { Key: key, PartNumber: part } = args.input as Input;
        if (attempt > 1) tell({ operation: commandName.replace(/Command$/, ''), key, part, attempt, reason });
        try {
          return await next(args);
        } catch (error) {
          reason = wordOf(error);
          throw error;
        }
      };
    },
    // Behind the SDK's own repetitions, which come with a high priority.
    { step: 'finalizeRequest', name: 'tellRepetitions', priority: 'low' },
  );
}

/** The store's word for it; what is no word (a page of a proxy) is not told. */
function wordOf(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  return /^[\w.-]{1,64}$/.test(name) ? name : 'unknown';
}
