import type { Collection, Document, Filter } from 'mongodb';
import { composeDocument, decodeToMap, type RawField } from '../load/raw-bson.js';

const idsOfQuery = 1_000;
const bytesOfQuery = 1 << 20;
const queryMs = 60_000;

/** Counts which ids a collection holds: batch by batch, so that what waits stays small. The index on `_id` answers, no document is read. */
export class ExistingIds {
  #waiting: unknown[] = [];
  #bytes = 0;
  /** Ids that were asked for, and those of them that are there. */
  asked = 0;
  found = 0;

  constructor(private readonly collection: Collection) {}

  add(id: RawField): void {
    this.#waiting.push(decodeToMap(composeDocument([{ ...id, name: '_id' }])).get('_id'));
    this.#bytes += id.value.length;
  }

  /** Asks for what waits, when that is enough for a question; `all`: whatever it is. */
  async settle(all = false): Promise<void> {
    while (this.#waiting.length > 0 && (all || this.#waiting.length >= idsOfQuery || this.#bytes >= bytesOfQuery)) {
      const ids = this.#waiting.splice(0, idsOfQuery);
      if (this.#waiting.length === 0) this.#bytes = 0;
      const filter = { _id: { $in: ids } } as Filter<Document>;
      const cursor = this.collection.find(filter, {
        ...{ projection: { _id: 1 }, raw: true, batchSize: ids.length + 1, maxTimeMS: queryMs },
        readPreference: 'primary',
      });
      this.asked += ids.length;
      try {
        for await (const one of cursor) if (one as unknown) this.found += 1;
      } finally {
        await cursor.close();
      }
    }
  }
}
