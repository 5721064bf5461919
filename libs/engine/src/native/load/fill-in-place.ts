import { MongoServerError, type Db, type MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { BatchQueue } from './batch-queue.js';
import { optionsNotKept } from './compare-definitions.js';
import { keepValidator } from './keep-validator.js';
import { create } from './create-collections.js';
import { insertBatch } from './insert-documents.js';
import type { InsertTarget } from './insert-target.js';
import { fromBinary } from './load-entry.js';
import { nameOf } from './names.js';
import type { OwnedPlan } from './plan-store.js';
import type { PlanEntry } from './plan-types.js';
import { makeWay } from './rename-phase.js';
import type { ServerAbilities } from './server-abilities.js';
import { listCollections } from './target-state.js';

const mixedSchemaRefused = 408;
/** Documents may be large: few at a time. */
const limits = { batchBytes: 4 << 20, batchDocuments: 1000, inFlight: 2, inFlightBytes: 16 << 20, openBytes: 4 << 20 };
const readBatch = 100;

/**
 * A time series cannot be renamed, so it is made and filled last, from the plain collection that its buckets were loaded into; so is a collection whose name
 * the server does not rename to. The documents go through this process as bytes: servers refuse `$out` and `$merge` into the collection of the buckets.
 * The plan says `filling` before it is made: what is there after a crash is ours and is made again. It is done when the temporary collection is gone.
 * Returns what the server did not keep of its options.
 */
export async function fillInPlace(
  client: MongoClient,
  plan: OwnedPlan,
  entry: PlanEntry,
  server: ServerAbilities,
): Promise<string[]> {
  const db = client.db(entry.db);
  if (!entry.options) return [];
  const command = fromBinary(entry.options);
  const listed = await listCollections(db);
  if (listed.has(entry.temporary)) {
    const occupant = listed.get(entry.final);
    if (occupant && entry.filling !== true) await makeWay(client, plan, entry, occupant, listed);
    await plan.saveEntry(entry, { filling: true });
    await refill(db, entry, command, server, false).catch(async (error: unknown) => {
      if (!needsMixedSchema(error)) throw error;
      await refill(db, entry, command, server, true);
    });
    await keepValidator(db, entry.final, command);
    await db.command({ drop: entry.temporary, writeConcern: { w: 'majority' } });
  }
  const kept = (await listCollections(db)).get(entry.final)?.options ?? new Map<string, unknown>();
  return optionsNotKept(new Map([...command].filter(([name]) => name !== 'create')), kept);
}

async function refill(
  db: Db,
  entry: PlanEntry,
  command: Map<string, unknown>,
  server: ServerAbilities,
  mixedSchema: boolean,
): Promise<void> {
  if ((await listCollections(db)).has(entry.final))
    await db.command({ drop: entry.final, writeConcern: { w: 'majority' } });
  await create(db, entry, Object.fromEntries(command));
  if (mixedSchema) {
    const change = { timeseriesBucketsMayHaveMixedSchemaData: true, writeConcern: { w: 'majority' } };
    await db.command({ collMod: entry.final, ...change });
  }
  const written = await copyDocuments(db, entry, command, server);
  if (written === entry.documents) return;
  throw new AppError({
    code: 'restore/unfinished',
    stage: 'rename',
    message: `${written} of ${entry.documents ?? 0} documents arrived in ${nameOf({ db: entry.db, collection: entry.final })}`,
    hint: 'Run the same command again: it fills the collection anew',
    retry: 'retry',
  });
}

async function copyDocuments(
  db: Db,
  entry: PlanEntry,
  command: ReadonlyMap<string, unknown>,
  server: ServerAbilities,
): Promise<number> {
  const series = entry.kind === 'timeseries';
  const target: InsertTarget = {
    db,
    // facts: archive-format 1.3: from 8.3 the series itself takes raw buckets.
    collection: series && !server.rawData ? `system.buckets.${entry.final}` : entry.final,
    final: { db: entry.db, collection: entry.final },
    ordered: command.get('capped') === true,
  };
  const options = {
    onConflict: 'fail',
    keepsEmptyTimestamps: server.keepsEmptyTimestamps,
    validated: series,
    ...(series && server.rawData ? { command: { rawData: true } } : {}),
  } as const;
  let written = 0;
  const queue = new BatchQueue<InsertTarget>(
    async (to, batch) => {
      written += await insertBatch(to, batch, options);
    },
    () => target.ordered,
    limits,
  );
  try {
    const cursor = db
      .collection(entry.temporary)
      .find({}, { raw: true, hint: { $natural: 1 }, batchSize: readBatch, readPreference: 'primary' });
    for await (const document of cursor) {
      if (!(document instanceof Uint8Array)) throw new TypeError('The driver did not return raw bytes');
      queue.add(target, Buffer.from(document), 1);
      await queue.room();
    }
    await queue.finish();
  } catch (error) {
    await queue.stop(error);
    throw error;
  }
  return written;
}

/** Buckets from an old server may mix types: the series must be told first. */
function needsMixedSchema(error: unknown): boolean {
  if (error instanceof MongoServerError) return error.code === mixedSchemaRefused;
  return error instanceof AppError && error.details['serverCode'] === mixedSchemaRefused;
}
