import type { Db, MongoClient } from 'mongodb';
import { sendCreateIndexes } from './build-indexes.js';
import { indexesNotKept, optionsNotKept } from './compare-definitions.js';
import { fillInPlace } from './fill-in-place.js';
import { fromBinary } from './load-entry.js';
import { nameOf } from './names.js';
import type { OwnedPlan } from './plan-store.js';
import type { Placement, PlanEntry } from './plan-types.js';
import { makeWay } from './rename-phase.js';
import type { ServerAbilities } from './server-abilities.js';
import { reason } from './server-reason.js';
import { isDefinitionRefusal } from './target-errors.js';
import { listCollections, listIndexes, type ListedCollection } from './target-state.js';

/** What came of an entry in the end. */
export interface FinishedEntry {
  readonly entry: PlanEntry;
  indexes: number;
  readonly notKept: string[];
  readonly missing: string[];
  /** Worth knowing, but no difference to the archive. */
  readonly warnings: string[];
}

/**
 * What comes after the renames: time series, views, TTL indexes, and the end of what was moved out of the way. Everything may be done twice.
 * `onFilled` is called while everything that can be read is there, and nothing yet that removes documents by itself.
 * A definition that the server refuses here is a difference, not a failure: the restore would never end otherwise.
 */
export async function finishAll(
  client: MongoClient,
  plan: OwnedPlan,
  server: ServerAbilities,
  onFilled?: () => Promise<void>,
): Promise<FinishedEntry[]> {
  const all = plan.allEntries().map((entry) => ({
    entry,
    indexes: entry.indexes ?? 0,
    notKept: [...(entry.notKept ?? [])],
    missing: [...(entry.missing ?? [])],
    warnings: [],
  }));
  const of = (placement: Placement) => all.filter(({ entry }) => entry.placement === placement);
  for (const finished of of('fill')) {
    await plan.assertOwned();
    finished.notKept.push(...(await fillInPlace(client, plan, finished.entry, server)));
  }
  for (const finished of of('create')) {
    await plan.assertOwned();
    await finishView(client, plan, finished);
  }
  await onFilled?.();
  await forEachDatabase(client, [...of('fill'), ...of('rename')], finishCollection);
  await forEachDatabase(client, all, (db, listed, finished) => dropOld(db, listed, finished, plan.draft.mode));
  return all;
}

/** Lists each database once: there may be thousands of collections in it. */
async function forEachDatabase(
  client: MongoClient,
  all: readonly FinishedEntry[],
  finish: (db: Db, listed: ReadonlyMap<string, ListedCollection>, finished: FinishedEntry) => Promise<void>,
): Promise<void> {
  const byDatabase = Map.groupBy(all, ({ entry }) => entry.db);
  for (const [name, list] of byDatabase) {
    const db = client.db(name);
    const listed = await listCollections(db);
    for (const finished of list) await finish(db, listed, finished);
  }
}

async function finishCollection(
  db: Db,
  listed: ReadonlyMap<string, ListedCollection>,
  finished: FinishedEntry,
): Promise<void> {
  const { entry, missing, notKept } = finished;
  if (!listed.has(entry.final)) {
    missing.push('the collection itself: somebody dropped it during the renames');
    return;
  }
  const late = (entry.lateIndexes ?? []).map(fromBinary);
  if (late.length === 0) return;
  try {
    await sendCreateIndexes(db, entry.final, late);
    notKept.push(...indexesNotKept(late, await listIndexes(db, entry.final)));
  } catch (error) {
    if (!isDefinitionRefusal(error)) throw error;
    const names = late.map((index) => `index ${String(index.get('name'))}`);
    missing.push(`${names.join(', ')}: ${reason(entry, error.message)}`);
  }
  finished.indexes = (await listIndexes(db, entry.final)).length;
}

async function finishView(client: MongoClient, plan: OwnedPlan, { entry, missing }: FinishedEntry): Promise<void> {
  // Without options the server showed early that it makes no views.
  if (!entry.options) return;
  const db = client.db(entry.db);
  const command = fromBinary(entry.options);
  const wanted = new Map([...command].filter(([name]) => name !== 'create'));
  const listed = await listCollections(db);
  const occupant = listed.get(entry.final);
  if (occupant?.kind === 'view' && optionsNotKept(wanted, occupant.options).length === 0) return;
  if (occupant) await makeWay(client, plan, entry, occupant, listed);
  try {
    await db.command({ ...Object.fromEntries(command), writeConcern: { w: 'majority' } });
  } catch (error) {
    if (!isDefinitionRefusal(error)) throw error;
    missing.push(`the view itself: ${reason(entry, error.message)}`);
  }
}

/** What had the name before. In `into-empty` it was empty: documents that came since stop the drop. */
async function dropOld(
  db: Db,
  listed: ReadonlyMap<string, ListedCollection>,
  { entry, warnings }: FinishedEntry,
  mode: 'into-empty' | 'replace',
): Promise<void> {
  if (!listed.has(entry.old)) return;
  if (mode === 'into-empty' && (await db.collection(entry.old).findOne({}, { raw: true })) !== null) {
    const namespace = nameOf({ db: entry.db, collection: entry.final });
    warnings.push(
      `${namespace}: somebody wrote documents under this name during the restore; they are in ${entry.old}`,
    );
    return;
  }
  await db.command({ drop: entry.old, writeConcern: { w: 'majority' } });
}
