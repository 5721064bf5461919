import { Secret } from '#contracts';
import { createStore, type ObjectStore, type S3StoreOptions, type TellRepetition } from '#storage';
import { createBucket, removeBucket, services } from '../services/services.js';
import { storeContents } from './backup-world.js';
import { startS3Proxy, type S3Proxy } from './s3-proxy.js';

/** A bucket of its own on the real server, and stores that reach it directly and through a proxy that injects faults. */
export interface S3World {
  readonly bucket: string;
  readonly proxy: S3Proxy;
  /** Past the proxy: to see what lies there. */
  readonly direct: ObjectStore;
  /** Through the proxy; patience is short, so that a fault is over soon. */
  open(changes?: Partial<S3StoreOptions>, onRepeat?: TellRepetition): Promise<ObjectStore>;
  /** Objects and open uploads, the store's identity left out. */
  contents(): Promise<string[]>;
  close(): Promise<void>;
}

export const smallParts = 5 * 1024 * 1024;
/** A connection that moves nothing for so long is broken off. */
export const socketTimeoutMs = 1500;

export async function s3World(): Promise<S3World> {
  const { endpoint, region, accessKeyId, secretAccessKey } = services().s3;
  const bucket = await createBucket();
  const proxy = await startS3Proxy(endpoint);
  const stores: ObjectStore[] = [];
  const open = async (changes: Partial<S3StoreOptions> = {}, onRepeat?: TellRepetition): Promise<ObjectStore> => {
    const options: S3StoreOptions = {
      ...{ kind: 's3', bucket, prefix: 'backups/', region, endpoint: proxy.endpoint, forcePathStyle: true },
      ...{ sse: 'none', checksums: 'auto', partSize: smallParts, uploadConcurrency: 2, socketTimeoutMs },
      credentials: { accessKeyId: new Secret(accessKeyId), secretAccessKey: new Secret(secretAccessKey) },
      ...changes,
    };
    const store = await createStore(options, onRepeat);
    stores.push(store);
    return store;
  };
  const direct = await open({ endpoint });
  return {
    ...{ bucket, proxy, direct, open },
    contents: () => storeContents(direct),
    close: async () => {
      for (const store of stores) await store.close();
      await proxy.close();
      await removeBucket(bucket);
    },
  };
}
