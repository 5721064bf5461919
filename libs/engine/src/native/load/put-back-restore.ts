import { setTimeout as delay } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import { systemClock, type Clock, type Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { serverCode, serverCodes } from '../dump/server-code.js';
import { abandoned, takeAway, type ClaimContext } from './claim-plan.js';
import type { Lease } from './lease-watch.js';
import { dropPlans, findPlan, hasNoPlanLeft } from './plan-store.js';
import type { PlanDocument } from './plan-types.js';
import { onTarget } from './target-errors.js';

export interface PutBackOptions {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Removes what abandoned runs of one restore (`LoadRequest.askedAs`) left in the target while they loaded. The plans there tell all of it: neither the backup nor
 * its store is needed. Waits for the lease of a plan, and throws `restore/busy` while its run is alive. `renaming`: one had begun its renames, which only go
 * forward; it was left alone.
 */
export async function putBackRestore(
  uri: Secret,
  askedAs: string,
  { lease, signal, clock = systemClock }: PutBackOptions,
): Promise<'clear' | 'renaming'> {
  return onTarget('load', async () => {
    const connection = await connect(uri, 'target', { signal });
    const { client } = connection;
    try {
      const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
      let isRenaming = false;
      for (const { name } of databases)
        isRenaming = (await putBackIn({ client, lease, signal, clock }, name, askedAs)) === 'renaming' || isRenaming;
      return isRenaming ? 'renaming' : 'clear';
    } finally {
      await connection.close();
    }
  });
}

async function putBackIn(context: ClaimContext, db: string, askedAs: string): Promise<'clear' | 'renaming'> {
  for (;;) {
    const found = await readablePlan(context.client, db);
    if (found === null) await dropEmpty(context, db);
    if (found?.askedAs !== askedAs) return 'clear';
    if (found.phase === 'renaming') return 'renaming';
    const stale = await abandoned(context, db, found);
    // While its lease was waited for, another restore may have come in its place, or its run may have come to its renames and died: looked at again.
    if (stale?.askedAs !== askedAs || stale.phase === 'renaming') continue;
    await takeAway(context.client, stale);
  }
}

/**
 * A run that was killed after its plan went, and before the collection that held it, leaves that one behind. Another restore's is empty for the moment in which it is
 * made: it is looked at twice.
 */
async function dropEmpty({ client, lease, signal }: ClaimContext, db: string): Promise<void> {
  if ((await orUnreadable(hasNoPlanLeft(client, db))) !== true) return;
  await delay(lease.beatMs, undefined, { signal });
  if (await hasNoPlanLeft(client, db)) await dropPlans(client, db);
}

function readablePlan(client: MongoClient, db: string): Promise<PlanDocument | null> {
  return orUnreadable(findPlan(client, db));
}

/** Null: a user who may not read a database has restored nothing into it. */
async function orUnreadable<T>(looked: Promise<T>): Promise<T | null> {
  try {
    return await looked;
  } catch (error) {
    if (serverCode(error) === serverCodes.unauthorized) return null;
    throw error;
  }
}
