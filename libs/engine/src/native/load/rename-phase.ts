import { MongoServerError, type MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { databasesOf, compare, nameOf } from './names.js';
import { probeName, rename } from './name-probe.js';
import type { OwnedPlan } from './plan-store.js';
import type { PlanEntry } from './plan-types.js';
import { toBinary } from './load-entry.js';
import { listCollections, type ListedCollection } from './target-state.js';

const namespaceExists = 48;
const attempts = 3;

/**
 * Gives the loaded collections their names. Every step looks at what is there and does what is missing, so that a process that takes over (or the same
 * one after an error) simply begins again at the first. Each rename is atomic, the set is not:
 * `onNamed` is told of every collection that has its name.
 */
export async function renameAll(
  client: MongoClient,
  plan: OwnedPlan,
  onNamed: (namespace: string) => void = () => undefined,
): Promise<void> {
  const entries = plan
    .allEntries()
    .filter((entry) => entry.placement === 'rename')
    .sort(byRenameOrder);
  for (const db of databasesOf(entries)) {
    let listed = await listCollections(client.db(db));
    for (const entry of entries.filter((other) => other.db === db)) {
      for (let attempt = 1; listed.has(entry.temporary); attempt += 1) {
        await plan.assertOwned();
        if (await renameOne(client, plan, entry, listed, attempt)) break;
        listed = await listCollections(client.db(db));
      }
      onNamed(nameOf({ db, collection: entry.final }));
    }
  }
}

/** A file of GridFS is seen through `.files`: its chunks come first. */
function byRenameOrder(a: PlanEntry, b: PlanEntry): number {
  const rank = (entry: PlanEntry) => (entry.final.endsWith('.files') ? 1 : 0);
  return compare(a.db, b.db) || rank(a) - rank(b) || compare(a.final, b.final);
}

/** False: somebody took the name between the look and the rename. */
async function renameOne(
  client: MongoClient,
  plan: OwnedPlan,
  entry: PlanEntry,
  listed: ReadonlyMap<string, ListedCollection>,
  attempt: number,
): Promise<boolean> {
  const occupant = listed.get(entry.final);
  try {
    // A collection that is replaced goes in the same step; everything else is moved out of the way first.
    const dropTarget = occupant?.kind === 'collection' && plan.draft.mode === 'replace';
    if (occupant && !dropTarget) await makeWay(client, plan, entry, occupant, listed);
    await rename(client, entry.db, entry.temporary, entry.final, dropTarget);
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === namespaceExists && attempt < attempts) return false;
    throw error;
  }
}

/**
 * Frees a name. What was there is kept until the end (a collection) or described in the plan (a view). What cannot be renamed goes at once: the dry run
 * says so.
 */
export async function makeWay(
  client: MongoClient,
  plan: OwnedPlan,
  entry: PlanEntry,
  occupant: ListedCollection,
  listed: ReadonlyMap<string, ListedCollection>,
): Promise<void> {
  const db = client.db(entry.db);
  const empty = plan.draft.mode === 'into-empty';
  const movable = occupant.kind === 'collection' && (entry.placement === 'rename' || (await canRename(client, entry)));
  if (movable) {
    if (listed.has(entry.old)) throw nameTaken(entry, 'collection');
    await rename(client, entry.db, entry.final, entry.old);
    return;
  }
  if (empty && occupant.kind !== 'collection')
    throw nameTaken(entry, occupant.kind === 'view' ? 'view' : 'time series');
  if (empty && (await db.collection(entry.final).findOne({}, { raw: true })) !== null)
    throw nameTaken(entry, 'collection');
  if (occupant.kind === 'view' && !entry.droppedView)
    await plan.saveEntry(entry, { droppedView: toBinary(occupant.options) });
  await db.command({ drop: entry.final, writeConcern: { w: 'majority' } });
}

async function canRename(client: MongoClient, entry: PlanEntry): Promise<boolean> {
  return (await probeName(client, entry.db, entry.final, `${entry.old}_none`)) === 'rename';
}

function nameTaken(entry: PlanEntry, what: string): AppError {
  const namespace = nameOf({ db: entry.db, collection: entry.final });
  return new AppError({
    code: 'restore/unfinished',
    stage: 'rename',
    message: `Somebody made a ${what} named ${namespace} while collections were renamed; ours waits as ${entry.temporary}`,
    hint: `Rename or drop that ${what}, then run the same command again: it finishes the restore`,
    details: { namespace, temporary: entry.temporary },
  });
}
