import type { MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import type { LoadRequest } from '../../engine.js';
import type { NamedEntry } from './name-plan.js';
import { compare, databasesOf, listNames } from './names.js';
import { probeName } from './name-probe.js';
import { isOwnNote } from './plan-types.js';
import { abilitiesOf, type ServerAbilities } from './server-abilities.js';
import { forEachFew } from './target-errors.js';
import { inspectTarget, listCollections, refuseUnlessEmpty, type TargetState } from './target-state.js';

export interface Target extends ServerAbilities {
  /** Of one insert. */
  readonly maxMessageBytes: number;
  readonly maxBatchDocuments: number;
}

const atOnce = 4;

/** What the server says of itself. Throws `target/unsupported` for a sharded cluster, where nothing can be renamed, unless the loader does without. */
export async function describeTarget(client: MongoClient, { renames = true } = {}): Promise<Target> {
  const hello = await client.db('admin').command({ hello: 1 });
  if (renames && hello['msg'] === 'isdbgrid') {
    throw new AppError({
      code: 'target/unsupported',
      stage: 'plan',
      message: 'The target is a sharded cluster (mongos), where collections cannot be put into place by renames',
      hint: 'Restore into a replica set, or use --engine mongorestore',
    });
  }
  if (hello['isWritablePrimary'] === false) {
    throw new AppError({
      code: 'target/refused',
      stage: 'plan',
      message: 'The target is not a primary: it takes no writes',
      hint: 'Name the replica set in the URI (replicaSet=…) without directConnection, so that its primary is found',
      retry: 'retry',
    });
  }
  const build = await client.db('admin').command({ buildInfo: 1 });
  return {
    ...abilitiesOf(String(build['version'])),
    maxMessageBytes: Number(hello['maxMessageSizeBytes'] ?? 48_000_000),
    maxBatchDocuments: Number(hello['maxWriteBatchSize'] ?? 100_000),
  };
}

/** In `replace`, every database that is written must have been typed by the operator. */
export function refuseUnconfirmed(entries: readonly NamedEntry[], request: LoadRequest): void {
  if (request.mode !== 'replace') return;
  const open = databasesOf(entries).filter((db) => !request.confirm.includes(db));
  if (open.length === 0) return;
  throw new AppError({
    code: 'restore/confirmation-needed',
    stage: 'plan',
    message: `Collections of ${listNames(open)} would be replaced`,
    hint: `Confirm by typing the name${open.length > 1 ? 's' : ''}: ${open.map((db) => `--confirm '${db}'`).join(' ')}`,
    details: { databases: open },
  });
}

export interface CheckedNames {
  readonly state: TargetState;
  /** Names that the server does not rename to. */
  readonly filled: ReadonlySet<NamedEntry>;
}

/** Looks at every name that will be written and asks the server whether it takes it. Throws the refusals (that it is not empty goes to `onRefusal`, if given); changes nothing. */
export async function checkNames(
  client: MongoClient,
  entries: readonly NamedEntry[],
  request: LoadRequest,
  nowhere: string,
  onRefusal?: (refusal: AppError) => void,
): Promise<CheckedNames> {
  const state = await inspectTarget(client, entries);
  if (request.mode === 'into-empty') refuseUnlessEmpty(entries, state, onRefusal);
  const filled = new Set<NamedEntry>();
  await forEachFew(entries, atOnce, async (entry) => {
    const placement = await probeName(client, entry.db, entry.collection, nowhere);
    if (placement === 'fill') filled.add(entry);
  });
  return { state, filled };
}

/** Collections of the target that the restore leaves alone, by database. */
export async function untouchedCollections(
  client: MongoClient,
  entries: readonly NamedEntry[],
): Promise<Map<string, string[]>> {
  const untouched = new Map<string, string[]>();
  for (const db of databasesOf(entries)) {
    const ours = new Set(entries.filter((entry) => entry.db === db).map((entry) => entry.collection));
    const names = [...(await listCollections(client.db(db))).keys()];
    const others = names.filter((name) => !ours.has(name) && !isOwnNote(name) && !name.startsWith('system.'));
    untouched.set(db, others.sort(compare));
  }
  return untouched;
}
