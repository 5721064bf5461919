import { hash } from 'node:crypto';
import type { MongoClient } from 'mongodb';
import { throwIfAborted, type Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { occupantKey } from './target-state.js';
import { onTarget } from './target-errors.js';

const lanes = 8;

/**
 * What collections hold, whatever the order of their documents: two equal digests mean that nobody wrote in between. Every document is read.
 * Keys: `db.collection`.
 */
export async function contentDigests(
  uri: Secret,
  namespaces: readonly { readonly db: string; readonly collection: string }[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  return onTarget('compare', async () => {
    const { client } = await connect(uri, 'target');
    try {
      const digests = new Map<string, string>();
      for (const { db, collection } of namespaces)
        digests.set(occupantKey(db, collection), await digestOf(client, db, collection, signal));
      return digests;
    } finally {
      await client.close();
    }
  });
}

/** The number of documents, and the sum of their hashes, lane by lane: it does not matter in which order they come, and how often one stands there does. */
async function digestOf(client: MongoClient, db: string, collection: string, signal: AbortSignal): Promise<string> {
  const sums = new Uint32Array(lanes);
  let documents = 0;
  const cursor = client.db(db).collection(collection, { readPreference: 'primary' }).find({}, { raw: true });
  try {
    for await (const raw of cursor) {
      throwIfAborted(signal, 'compare');
      const digest = hash('sha256', raw as unknown as Uint8Array, 'buffer');
      for (let lane = 0; lane < lanes; lane += 1) sums[lane] = (sums[lane] ?? 0) + digest.readUInt32LE(lane * 4);
      documents += 1;
    }
  } finally {
    await cursor.close();
  }
  return `${documents}/${Buffer.from(sums.buffer).toString('hex')}`;
}
