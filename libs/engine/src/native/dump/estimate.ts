import type { DumpRequest } from '../../engine.js';
import { forEachFew } from '../load/target-errors.js';
import { sizeOf } from './describe-collections.js';
import type { Look } from './look.js';
import type { DumpPlan } from './plan-dump.js';
import { serverCode } from './server-code.js';

const atOnce = 4;

/** BSON bytes to expect, by the server's statistics; null when it gives none. */
export async function estimateBytes(look: Look, request: DumpRequest, plan: DumpPlan): Promise<number | null> {
  let bytes = 0;
  const hasPatterns = request.include.length + request.exclude.length > 0;
  if (hasPatterns) {
    const withData = plan.collections.filter(({ type }) => type !== 'view');
    await forEachFew(withData, atOnce, async (collection) => {
      // Not `bytes += await …`, which reads the sum before it waits.
      const size = await sizeOf(look, collection);
      bytes += size;
    });
  } else {
    await forEachFew(plan.databases, atOnce, async (name) => {
      const size = await databaseSize(look, name);
      bytes += size;
    });
  }
  return bytes > 0 || plan.collections.length === 0 ? bytes : null;
}

/** An error of the server (rights, an old server) means that it tells nothing. */
async function databaseSize({ connection, session }: Look, name: string): Promise<number> {
  try {
    const stats = await connection.db(name).command({ dbStats: 1 }, { session });
    return Number(stats['dataSize']) || 0;
  } catch (error) {
    if (serverCode(error) === undefined) throw error;
    return 0;
  }
}
