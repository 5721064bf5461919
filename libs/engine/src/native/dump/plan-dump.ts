import type { ClientSession } from 'mongodb';
import { AppError } from '#contracts';
import type { Connection, ServerDescription } from '../../connection/index.js';
import type { DumpRequest } from '../../engine.js';
import { createSelection, parsePattern } from '../../selection/index.js';
import { listNamespaces, type ListedNamespace } from './list-namespaces.js';
import type { ResolvedDatabases } from './resolve-databases.js';
import { isSkippedCollection, planCollection } from './skip-rules.js';

export interface DumpPlan {
  readonly namespaces: readonly ListedNamespace[];
  readonly warnings: readonly string[];
}

/** What a dump will hold: every namespace of the chosen databases that the patterns take, without what a running restore has lying about. */
export async function planDump(
  connection: Connection,
  _server: ServerDescription,
  request: DumpRequest,
  databases: ResolvedDatabases,
  session: ClientSession,
): Promise<DumpPlan> {
  const selection = createSelection(request);
  const namespaces: ListedNamespace[] = [];
  const warnings: string[] = [...databases.warnings];
  for (const name of databases.names) {
    const db = connection.db(name);
    const temporaries = await restoreTemporaries(connection, name, session);
    const wanted = (collection: string) =>
      !isSkippedCollection(name, collection, databases.named) &&
      selection.matches(name, collection) &&
      !temporaries.has(collection);
    namespaces.push(...(await listNamespaces(db, session, wanted)));
    if (temporaries.size > 0) {
      warnings.push(
        `${name}: a restore is under way or was broken off; its plan and its temporary collections were left out`,
      );
    }
  }
  refuseUselessPatterns(request, namespaces);
  if (namespaces.length === 0) warnings.push(emptyWarning(databases));
  return { namespaces, warnings };
}

function emptyWarning({ names }: ResolvedDatabases): string {
  return names.length === 0
    ? 'empty: the server has no database to back up'
    : `empty: there is no collection in ${names.join(', ')}`;
}

/** The plan collection of a restore and the temporaries that its plan names; empty when there is no restore. */
async function restoreTemporaries(connection: Connection, name: string, session: ClientSession): Promise<Set<string>> {
  const plan = await connection
    .db(name)
    .collection<{ _id: string }>(planCollection)
    .findOne({ _id: 'plan' }, { session });
  const found = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'string' && /^_hazina_(tmp|old)_/.test(value)) found.add(value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) [key, inner].forEach(collect);
  };
  collect(plan);
  if (plan !== null) found.add(planCollection);
  return found;
}

/** An include pattern that takes nothing is a mistake: what was meant would be missing from the backup. */
function refuseUselessPatterns(request: DumpRequest, namespaces: readonly ListedNamespace[]): void {
  for (const text of request.include) {
    const pattern = parsePattern(text);
    if (namespaces.some(({ db, collection }) => pattern.database.test(db) && pattern.collection.test(collection)))
      continue;
    throw new AppError({
      code: 'source/unknown-collection',
      stage: 'probe',
      message: `Nothing to back up fits --include ${JSON.stringify(text)}`,
      hint: 'Check the name; capital and small letters count, and --exclude wins over --include',
    });
  }
}
