import { MongoServerError, type MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { nameOf } from './names.js';
import type { PlanEntry } from './plan-types.js';

const namespaceNotFound = 26;
const namespaceExists = 48;
const invalidNamespace = 73;

/** Names above this length are also tried by a real rename: servers check lengths at different places (facts: services.md, 235 bytes). */
const longNamespaceBytes = 120;

export async function rename(
  client: MongoClient,
  db: string,
  from: string,
  to: string,
  dropTarget = false,
): Promise<void> {
  await client
    .db('admin')
    .command({ renameCollection: `${db}.${from}`, to: `${db}.${to}`, dropTarget, writeConcern: { w: 'majority' } });
}

/**
 * Asks whether the server renames to a name, changing nothing: a rename from a collection that does not exist checks the name before it misses the source.
 * A name that is refused only in the phase `renaming` would leave the restore stuck there. Some servers refuse to rename to a name that they take on
 * `create` (FerretDB 2.7: every name with a dot, GridFS's among them): those are filled in place. Throws `target/unsupported` for a name that is no name.
 */
export async function probeName(
  client: MongoClient,
  db: string,
  name: string,
  nowhere: string,
): Promise<'rename' | 'fill'> {
  try {
    await rename(client, db, nowhere, name);
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error;
    if (error.code === namespaceNotFound || error.code === namespaceExists) return 'rename';
    if (error.code !== invalidNamespace) throw error;
    if (/^$|^\.|[$\0]/.test(name)) throw nameRefused(db, name, error);
    return 'fill';
  }
  return 'rename';
}

/** A name of the same length as a long one, to try the rename with; null when the name is short. */
export function longNameProbe(db: string, name: string, unique: string): string | null {
  if (Buffer.byteLength(`${db}.${name}`) <= longNamespaceBytes || Buffer.byteLength(name) <= unique.length * 2)
    return null;
  const wanted = Buffer.byteLength(name);
  let head = name;
  while (Buffer.byteLength(head) > wanted - unique.length) head = head.slice(0, -1);
  // A cut surrogate pair would become a replacement character of another length.
  if (/[\uD800-\uDBFF]$/.test(head)) head = head.slice(0, -1);
  return head.padEnd(head.length + wanted - unique.length - Buffer.byteLength(head), 'x') + unique;
}

/** A name of the same form as one that cannot be renamed to, to try `create` with: its first and last characters stay. */
export function similarName(name: string, unique: string): string {
  const [first = '', ...rest] = name;
  return `${first}${unique}${rest.join('')}`;
}

/** Tries a name like the one in the end, on the empty temporary collection: by a rename there and back, or by `create`. */
export async function tryName(client: MongoClient, entry: PlanEntry): Promise<void> {
  if (entry.probe === null) return;
  const db = client.db(entry.db);
  try {
    if (entry.placement === 'rename') await rename(client, entry.db, entry.temporary, entry.probe);
    else await db.command({ create: entry.probe, writeConcern: { w: 'majority' } });
  } catch (error) {
    if (error instanceof MongoServerError && error.code === invalidNamespace)
      throw nameRefused(entry.db, entry.final, error);
    throw error;
  }
  if (entry.placement === 'rename') await rename(client, entry.db, entry.probe, entry.temporary);
  else await db.command({ drop: entry.probe, writeConcern: { w: 'majority' } });
}

function nameRefused(db: string, collection: string, cause: MongoServerError): AppError {
  const namespace = nameOf({ db, collection });
  return new AppError({
    code: 'target/unsupported',
    stage: 'plan',
    message: `The target refuses the name ${namespace}`,
    hint: `Give it another one with --rename '${namespace}=${nameOf({ db, collection: 'OTHER' })}', or leave it out with --exclude '${namespace}'`,
    cause,
    details: { namespace },
  });
}
