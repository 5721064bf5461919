import mongoose from 'mongoose';
import type { Db, Document } from 'mongodb';

/** One query, as Mongoose hands it to the driver. */
export interface Call {
  readonly collection: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What Mongoose sends while the work is done. */
export async function capture(work: () => Promise<unknown>): Promise<readonly Call[]> {
  const calls: Call[] = [];
  mongoose.set('debug', (collection: string, method: string, ...args: unknown[]) => {
    calls.push({ collection, method, args });
  });
  try {
    await work();
  } finally {
    mongoose.set('debug', false);
  }
  return calls;
}

/** The same by the bare driver. */
export function repeat(db: Db, { collection, method, args }: Call): Promise<unknown> {
  const target = db.collection(collection);
  const [first, second, third] = args as [Document, Document | undefined, Document | undefined];
  if (method === 'find') return target.find(first, second).toArray();
  if (method === 'countDocuments') return target.countDocuments(first);
  if (method === 'distinct') return target.distinct(args[0] as string, second ?? {});
  if (method === 'aggregate') return target.aggregate(first as Document[]).toArray();
  if (method === 'findOneAndUpdate') return target.findOneAndUpdate(first, second ?? {}, third ?? {});
  throw new Error(`${method} is not measured yet`);
}

/** Whether the server would read the whole collection for one of these. */
export async function scans(db: Db, calls: readonly Call[]): Promise<boolean> {
  const plans = await Promise.all(calls.map((call) => explain(db, call)));
  return plans.some((plan) => /"Seq Scan"|"COLLSCAN"/.test(JSON.stringify(plan)));
}

function explain(db: Db, { collection, method, args }: Call): Promise<Document> {
  const target = db.collection(collection);
  const [first, second] = args as [Document, Document | undefined];
  if (method === 'find') return target.find(first, second).explain('queryPlanner');
  if (method === 'aggregate') return target.aggregate(first as Document[]).explain('queryPlanner');
  return target.find(method === 'distinct' ? (second ?? {}) : first).explain('queryPlanner');
}
