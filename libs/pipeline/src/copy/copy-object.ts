import { createHash } from 'node:crypto';
import { addAbortSignal, pipeline as connect, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StoredObject } from '#contracts';
import { resumingGet, type ObjectStore } from '#storage';
import { CountAndHash } from '../count-and-hash.js';
import { mismatch } from '../objects/compare-manifest.js';
import { confirmObject } from '../objects/confirm.js';
import { backupFolder } from '../objects/keys.js';
import { Throttle, type Pace } from '../throttle.js';

export interface CopyStores {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  /** Told of the bytes of each piece that passed. */
  readonly onBytes?: (bytes: number) => void;
  /** How fast objects are written; absent: as fast as it goes. */
  readonly pace?: Pace;
}

/**
 * Copies a sealed object byte by byte. The put ends well only when size and SHA-256 were those of `backup.json`: an object that is damaged where it comes
 * from never appears at the other side, and never replaces a good one there.
 */
export async function copyObject(
  stores: CopyStores,
  backupId: string,
  object: StoredObject,
  signal: AbortSignal,
): Promise<void> {
  const { from, to, pace } = stores;
  const key = `${backupFolder(backupId)}${object.key}`;
  const source = resumingGet(from, key, { bytes: object.bytes, signal });
  const bytes = Readable.from(checked(source, stores, backupId, object), { objectMode: false, highWaterMark: 1 << 20 });
  const body = pace === undefined ? bytes : throttled(bytes, pace, signal);
  await to.put(key, body, { signal, expectedBytes: object.bytes, lock: true, bulk: key.endsWith('/data.hzn') });
  await confirmObject(to, backupId, object, signal);
}

async function* checked(
  source: Readable,
  { from, onBytes }: CopyStores,
  backupId: string,
  object: StoredObject,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of source as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onBytes?.(chunk.length);
    yield chunk;
  }
  if (hash.digest('hex') !== object.sha256)
    throw mismatch(backupId, object.key, `its SHA-256 in ${from.location} is not the one in backup.json`);
}

/** When the put lets go of it, or at an abort, its debt is forgotten; when the source fails, the put hears why. */
function throttled(bytes: Readable, pace: Pace, signal: AbortSignal): Readable {
  return connect(bytes, addAbortSignal(signal, new Throttle(pace)), () => undefined);
}

/** Whether the whole object stands in a store, by its size and every byte of it. Not, as far as anybody can tell, in a class that gives no bytes. */
export async function standsWhole(
  store: ObjectStore,
  backupId: string,
  object: StoredObject,
  signal: AbortSignal,
): Promise<boolean> {
  const key = `${backupFolder(backupId)}${object.key}`;
  const head = await store.head(key, signal);
  if (head?.bytes !== object.bytes || head.cold !== undefined) return false;
  const hash = new CountAndHash();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(resumingGet(store, key, { bytes: object.bytes, signal }), hash, nowhere);
  return hash.sha256 === object.sha256;
}
