import { BSON, MongoClient, MongoServerError, type Db, type Document } from 'mongodb';
import type { NativeLoadOptions } from '#engine';

/** What it was sent: the operations of each `applyOps`. */
export interface ApplyOpsDouble {
  readonly connect: NonNullable<NativeLoadOptions['connect']>;
  readonly batches: Document[][];
  /** Asked before each operation; a number is the code of a refusal. */
  refuse: (operation: Document) => number | undefined;
}

interface Outcome {
  readonly results: boolean[];
  /** What breaks off the rest. */
  readonly thrown?: number;
}

/**
 * The one server command that the server of the test run does not have, `applyOps`, done there by ordinary writes, with the rules of a real one: an operation on
 * a collection that does not exist breaks off, a change of a document that does not exist fails and the others go on, an insert replaces. All else is real.
 */
export function applyOpsDouble(): ApplyOpsDouble {
  const double: ApplyOpsDouble = {
    batches: [],
    refuse: () => undefined,
    connect: async (uri) => {
      const client = await new MongoClient(uri.reveal(), { serverSelectionTimeoutMS: 2_000 }).connect();
      const db = client.db.bind(client);
      client.db = (name, options) =>
        name === 'admin' ? withApplyOps(db(name, options), client, double) : db(name, options);
      return client;
    },
  };
  return double;
}

function withApplyOps(admin: Db, client: MongoClient, double: ApplyOpsDouble): Db {
  const command = admin.command.bind(admin);
  admin.command = async (sent: Document, ...rest: []) => {
    if (!('applyOps' in sent)) return command(sent, ...rest);
    const { applyOps, ...others } = plain({ ...sent });
    if (!Array.isArray(applyOps)) throw new MongoServerError({ message: 'applyOps is no array', code: 2 });
    if ('ui' in others) throw new MongoServerError({ message: 'a UUID of another server', code: 40528 });
    double.batches.push(applyOps as Document[]);
    const { results, thrown } = await applyAll(client, applyOps as Document[], double);
    if (thrown !== undefined)
      throw new MongoServerError({ message: 'broken off', code: thrown, applied: results.length, results });
    if (results.includes(false)) throw new MongoServerError({ message: 'had one or more errors', code: 8, results });
    return { ok: 1, applied: results.length, results };
  };
  return admin;
}

/** What the server would see. */
function plain(sent: Document): Document {
  return BSON.deserialize(BSON.serialize(sent), { promoteValues: false, promoteLongs: false });
}

async function applyAll(
  client: MongoClient,
  operations: readonly Document[],
  double: ApplyOpsDouble,
): Promise<Outcome> {
  const results: boolean[] = [];
  for (const operation of operations) {
    const refused = double.refuse(operation);
    if (refused !== undefined) return { results: [...results, false], thrown: refused };
    const [db = '', ...rest] = String(operation['ns']).split('.');
    const name = rest.join('.');
    const isThere = (await client.db(db).listCollections({ name }, { nameOnly: true }).toArray()).length > 0;
    if (!isThere && operation['op'] === 'd') results.push(true);
    else if (!isThere) return { results: [...results, false], thrown: 26 };
    else results.push(await applyOne(client.db(db).collection(name), operation));
  }
  return { results };
}

async function applyOne(collection: ReturnType<Db['collection']>, { op, o, o2 }: Document): Promise<boolean> {
  const document = o as Document;
  if (op === 'd') {
    await collection.deleteOne({ _id: document['_id'] as never });
    return true;
  }
  const filter = { _id: ((o2 as Document | undefined) ?? document)['_id'] as never };
  if (op === 'i') {
    await collection.replaceOne(filter, document, { upsert: true });
    return true;
  }
  const before = await collection.findOne(filter, { promoteValues: false });
  if (before === null) return false;
  await collection.replaceOne(filter, '$v' in document ? changed(before, document['diff'] as Document) : document);
  return true;
}

/** An update of the second form: fields removed, changed, added, and those of documents inside. */
function changed(before: Document, diff: Document): Document {
  const after = { ...before };
  for (const name of Object.keys((diff['d'] as Document | undefined) ?? {})) Reflect.deleteProperty(after, name);
  Object.assign(after, diff['u'], diff['i']);
  for (const [name, inside] of Object.entries(diff))
    if (name.startsWith('s')) after[name.slice(1)] = changed(before[name.slice(1)] as Document, inside as Document);
  return after;
}
