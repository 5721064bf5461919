import { hash } from 'node:crypto';
import type { MongoClient } from 'mongodb';
import { throwIfAborted, type Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { documentsOfRun } from './raw-bson.js';
import { occupantKey } from './target-state.js';
import { onTarget } from './target-errors.js';

const lanes = 8;

/** The number of documents, and the sum of their hashes, lane by lane: it does not matter in which order they come, and how often one stands there does. */
export class ContentDigest {
  readonly #sums = new Uint32Array(lanes);
  documents = 0;

  add(document: Uint8Array): void {
    const digest = hash('sha256', document, 'buffer');
    for (let lane = 0; lane < lanes; lane += 1)
      this.#sums[lane] = (this.#sums[lane] ?? 0) + digest.readUInt32LE(lane * 4);
    this.documents += 1;
  }

  /** Whole documents one after the other, as an archive's reader gives them. */
  addRun(run: Buffer): void {
    for (const document of documentsOfRun(run)) this.add(document);
  }

  get text(): string {
    return `${this.documents}/${Buffer.from(this.#sums.buffer).toString('hex')}`;
  }
}

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
        digests.set(occupantKey(db, collection), (await digestOf(client, db, collection, signal)).text);
      return digests;
    } finally {
      await client.close();
    }
  });
}

/** Of one collection of a server, by its raw documents. */
export async function digestOf(
  client: MongoClient,
  db: string,
  collection: string,
  signal: AbortSignal,
): Promise<ContentDigest> {
  const digest = new ContentDigest();
  const cursor = client.db(db).collection(collection, { readPreference: 'primary' }).find({}, { raw: true });
  try {
    for await (const raw of cursor) {
      throwIfAborted(signal, 'compare');
      digest.add(raw as unknown as Uint8Array);
    }
  } finally {
    await cursor.close();
  }
  return digest;
}
