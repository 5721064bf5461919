import type { Db, Document, MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { createCommand } from './collection-spec.js';
import { optionsNotKept } from './compare-definitions.js';
import type { LoadEntry } from './load-entry.js';
import { databasesOf, listNames, nameOf, printable } from './names.js';
import { tryName } from './name-probe.js';
import { reason } from './server-reason.js';
import { forEachFew, isDefinitionRefusal } from './target-errors.js';
import { listCollections } from './target-state.js';

const atOnce = 4;

/**
 * Makes every temporary collection before a document is sent: what the server refuses ends the restore while nothing has changed. Views and time
 * series, which can only be made in the end, are tried under their temporary names first.
 */
export async function createTemporaries(
  client: MongoClient,
  entries: readonly LoadEntry[],
  signal: AbortSignal,
): Promise<void> {
  await forEachFew(entries, atOnce, async (entry) => {
    signal.throwIfAborted();
    await create(client.db(entry.plan.db), entry.plan, createCommand(entry.plan.temporary, entry.spec));
    await tryName(client, entry.plan);
  });
  await readBackOptions(client, entries);
  const tried = entries.filter((entry) => entry.plan.kind !== 'collection');
  await forEachFew(tried, atOnce, (entry) => endTrial(client, entry));
}

interface Creating {
  readonly db: string;
  readonly final: string;
  readonly temporary: string;
}

/** Sends `create`. A refusal names the options; everything else is the driver's error as it is. */
export async function create(db: Db, names: Creating, command: Document): Promise<void> {
  try {
    await db.command({ ...command, writeConcern: { w: 'majority' } });
  } catch (error) {
    if (!isDefinitionRefusal(error)) throw error;
    const options = Object.keys(command).filter((name) => name !== 'create');
    const what = options.length === 0 ? '' : ` with its options (${listNames(options.map(printable))})`;
    const namespace = nameOf({ db: names.db, collection: names.final });
    throw new AppError({
      code: 'target/unsupported',
      stage: 'load',
      message: `The target refuses to create ${namespace}${what}: ${reason(names, error.message)}`,
      hint: `Restore into a server of the source's version, or leave it out with --exclude '${namespace}'`,
      cause: error,
      details: { namespace, options, serverCode: error.code },
    });
  }
}

/** Some compatible servers answer ok and ignore options, or make a plain collection of a view (services.md): only reading back tells. */
async function readBackOptions(client: MongoClient, entries: readonly LoadEntry[]): Promise<void> {
  for (const db of databasesOf(entries.map((entry) => entry.plan))) {
    const listed = await listCollections(client.db(db));
    for (const entry of entries.filter(({ plan }) => plan.db === db)) {
      const kept = listed.get(entry.plan.temporary);
      if (kept?.kind === entry.plan.kind) {
        entry.notKept.push(...optionsNotKept(entry.spec.options, kept.options));
      } else if (entry.plan.kind === 'timeseries') {
        throw noTimeSeries(entry);
      } else {
        entry.unsupported = true;
        entry.notKept.push(
          `the ${entry.plan.kind} itself: the server made ${kept ? `a ${kept.kind}` : 'nothing'} instead`,
        );
      }
    }
  }
}

/** Its buckets would become documents that nobody can read: data is not given up with a warning. */
function noTimeSeries({ plan }: LoadEntry): AppError {
  const namespace = nameOf({ db: plan.db, collection: plan.final });
  return new AppError({
    code: 'target/unsupported',
    stage: 'load',
    message: `The target has no time series collections: it made something else of ${namespace}`,
    hint: `Restore into a MongoDB server, or leave it out with --exclude '${namespace}'`,
    details: { namespace },
  });
}

/** A view is made in the end. The buckets of a time series are kept in a plain collection until then. */
async function endTrial(client: MongoClient, { plan }: LoadEntry): Promise<void> {
  const db = client.db(plan.db);
  await db.command({ drop: plan.temporary, writeConcern: { w: 'majority' } });
  if (plan.kind === 'timeseries') await db.command({ create: plan.temporary, writeConcern: { w: 'majority' } });
}
