import { FilesystemStore } from './filesystem/filesystem.store.js';
import type { ObjectStore } from './object-store.js';
import type { StoreOptions, TellRepetition } from './store-options.js';
import { RetryingStore } from './wrappers/retrying.store.js';

/** The store of the options, with its retries, of which `onRepeat` is told. The AWS SDK is loaded only where S3 is used: it takes longer than a short command. */
export async function createStore(options: StoreOptions, onRepeat?: TellRepetition): Promise<ObjectStore> {
  if (options.kind === 'directory') return new FilesystemStore(options.directory);
  const { createS3Store } = await import('./s3/s3.store.js');
  // The SDK repeats each request by itself; this is for what outlasts that.
  const told = onRepeat === undefined ? {} : { onRepeat };
  return new RetryingStore(await createS3Store(options, onRepeat), { attempts: 3, pauseMs: 500, ...told });
}
