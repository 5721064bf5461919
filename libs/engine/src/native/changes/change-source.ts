import type { Db, Document, MongoClient, ResumeToken } from 'mongodb';
import { planCollection } from '../load/plan-types.js';

/** A write, as a change stream tells it: where, never what. */
export interface Change {
  /** `insert`, `delete`, `drop`, …: the server's word. */
  readonly kind: string;
  /** Null: the whole database. */
  readonly collection: string | null;
  /** Of a rename: the name that was taken. */
  readonly to: string | null;
}

/** An open stream of the changes of one database. */
export interface ChangeCursor {
  /** The next change; null: none by now. Everything that a majority of the servers had when it was asked has been seen then. */
  tryNext(): Promise<Change | null>;
  /** Where a new cursor goes on: after the last change that was given. */
  readonly position: unknown;
  close(): Promise<void>;
}

/** Where changes come from: the driver, and in tests a double that injects faults. */
export interface ChangeSource {
  /** Opens a stream of what happens to these names, from now on or from a position; the server has taken it when this returns. */
  open(db: string, names: readonly string[], position?: unknown): Promise<ChangeCursor>;
  /** Waits until all that the server has answered to anybody so far is held by a majority, and so in the streams. */
  settle(db: string): Promise<void>;
  close(): Promise<void>;
}

const awaitMs = 500;

/** By the driver. Only names leave the server, no document. */
export function driverSource(client: MongoClient): ChangeSource {
  return {
    open: async (db, names, position) => {
      const cursor = new DriverCursor(client.db(db), names, position);
      await cursor.begin();
      return cursor;
    },
    settle: async (db) => {
      await client.withSession({ causalConsistency: true }, async (session) => {
        // Tells the session the server's time; the majority read after it waits until a majority has come so far. That nothing has the name does not matter.
        await client.db(db).command({ ping: 1 }, { session, readPreference: 'primary' });
        const read = { session, readConcern: { level: 'majority' }, readPreference: 'primary' } as const;
        await client.db(db).collection(planCollection).findOne({}, read);
      });
    },
    close: () => client.close(),
  };
}

/** Only these names: the restore itself writes millions of documents beside them. */
function pipelineOf(names: readonly string[]): Document[] {
  const isTouched = [
    { 'ns.coll': { $in: names } },
    { 'to.coll': { $in: names } },
    { operationType: { $in: ['dropDatabase', 'invalidate'] } },
  ];
  return [{ $match: { $or: isTouched } }, { $project: { operationType: 1, ns: 1, to: 1 } }];
}

class DriverCursor implements ChangeCursor {
  readonly #stream;
  #first: Document | null = null;

  constructor(db: Db, names: readonly string[], position: unknown) {
    const from = position === undefined ? {} : { startAfter: position as ResumeToken };
    const options = { ...from, maxAwaitTimeMS: awaitMs, batchSize: 1_000 };
    this.#stream = db.watch<Document, Document>(pipelineOf(names), options);
  }

  /** The driver asks the server only with the first look. */
  async begin(): Promise<void> {
    try {
      this.#first = await this.#stream.tryNext();
    } catch (error) {
      await this.#stream.close();
      throw error;
    }
  }

  async tryNext(): Promise<Change | null> {
    const given = this.#first;
    this.#first = null;
    const event = given ?? (await this.#stream.tryNext());
    return event === null ? null : toChange(event);
  }

  get position(): unknown {
    return this.#stream.resumeToken;
  }

  close(): Promise<void> {
    return this.#stream.close();
  }
}

function toChange(event: Document): Change {
  const nameIn = (place: unknown): string | null => {
    const coll: unknown = typeof place === 'object' && place !== null && 'coll' in place ? place.coll : undefined;
    return typeof coll === 'string' ? coll : null;
  };
  return { kind: String(event['operationType']), collection: nameIn(event['ns']), to: nameIn(event['to']) };
}
