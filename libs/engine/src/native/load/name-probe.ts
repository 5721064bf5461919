import { MongoServerError, type MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { nameOf } from './name-plan.js';

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
 * Asks whether the server takes the name of a collection, changing nothing: a rename from a collection that does not exist checks the name before it
 * misses the source. A name that is refused only in the phase `renaming` would leave the restore stuck there.
 */
export async function probeName(client: MongoClient, db: string, name: string, nowhere: string): Promise<void> {
  try {
    await rename(client, db, nowhere, name);
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error;
    if (error.code === namespaceNotFound || error.code === namespaceExists) return;
    if (error.code === invalidNamespace) throw nameRefused(db, name, error);
    throw error;
  }
}

/** A name of the same length as a long one, to try the rename with; null when the name is short. */
export function probeFor(db: string, name: string, unique: string): string | null {
  if (Buffer.byteLength(`${db}.${name}`) <= longNamespaceBytes || Buffer.byteLength(name) <= unique.length * 2)
    return null;
  const wanted = Buffer.byteLength(name);
  let head = name;
  while (Buffer.byteLength(head) > wanted - unique.length) head = head.slice(0, -1);
  // A cut surrogate pair would become a replacement character of another length.
  if (/[\uD800-\uDBFF]$/.test(head)) head = head.slice(0, -1);
  return head.padEnd(head.length + wanted - unique.length - Buffer.byteLength(head), 'x') + unique;
}

/** Renames an empty temporary collection to a name of the same length and back. */
export async function tryLongName(
  client: MongoClient,
  entry: { readonly db: string; readonly final: string; readonly temporary: string },
  probe: string,
): Promise<void> {
  try {
    await rename(client, entry.db, entry.temporary, probe);
  } catch (error) {
    if (error instanceof MongoServerError && error.code === invalidNamespace)
      throw nameRefused(entry.db, entry.final, error);
    throw error;
  }
  await rename(client, entry.db, probe, entry.temporary);
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
