import { AppError, throwIfAborted } from '#contracts';
import { connect, type Connection } from '../connection/index.js';
import type { ArchiveContents, LoadEngine, LoadPlan, LoadRequest, PlanListener } from '../engine.js';
import { planNames, type NamedEntry } from '../native/load/name-plan.js';
import { databasesOf, listNames, nameOf } from '../native/load/names.js';
import { authorizationNotes, oplogNotes } from '../native/load/plan-notes.js';
import { requireMerge } from '../native/authorization/require-merge.js';
import { requireReplay } from '../native/oplog/require-replay.js';
import { planWarnings } from '../native/load/plan-warnings.js';
import { findPlan } from '../native/load/plan-store.js';
import { describeTarget, refuseUnconfirmed, untouchedCollections } from '../native/load/target-check.js';
import { onTarget } from '../native/load/target-errors.js';
import { lookForMeans } from '../native/load/target-means.js';
import { actionFor, inspectTarget, refuseUnlessEmpty } from '../native/load/target-state.js';

/** The refusals of the native engine, as far as they are of mongorestore's business, and what it would do. Writes nothing. */
export const planMongorestore: LoadEngine['plan'] = async (request, contents, signal, listener) => {
  const connection = await connect(request.uri, 'target', { signal });
  try {
    return await onTarget('plan', () => plan(connection.client, request, contents, signal, listener));
  } finally {
    await connection.close();
  }
};

async function plan(
  client: Connection['client'],
  request: LoadRequest,
  contents: ArchiveContents,
  signal: AbortSignal,
  listener: PlanListener | undefined,
): Promise<LoadPlan> {
  await describeTarget(client, { renames: false });
  const { entries, notes } = planNames(contents.namespaces, request);
  refuseUnconfirmed(entries, request);
  throwIfAborted(signal, 'plan');
  await requireReplay(client, request, entries, contents);
  await requireMerge(client, request, entries, contents);
  const state = await inspectTarget(client, entries);
  if (request.mode === 'into-empty') refuseUnlessEmpty(entries, state, listener?.refused);
  await refuseOtherRestores(client, entries);
  const means = await lookForMeans(client, entries, contents);
  listener?.means(means);
  return {
    namespaces: entries.map((entry) => ({
      from: nameOf(entry.source),
      db: entry.db,
      collection: entry.collection,
      type: entry.kind,
      documents: entry.source.documents,
      action: actionFor(entry, request, state),
    })),
    warnings: await planWarnings(client, contents, request, means),
    notes: [
      ...notes,
      ...oplogNotes(contents, request),
      ...authorizationNotes(contents, request),
      ...(request.mode === 'replace' ? await leftAlone(client, entries) : []),
    ],
  };
}

/** Their temporaries and renames are none of mongorestore's knowledge. */
async function refuseOtherRestores(client: Connection['client'], entries: readonly NamedEntry[]): Promise<void> {
  for (const db of databasesOf(entries)) {
    const found = await findPlan(client, db);
    if (found === null) continue;
    throw new AppError({
      code: found.phase === 'renaming' ? 'restore/unfinished' : 'restore/busy',
      stage: 'plan',
      message: `A restore of ${found.backupId} is running in database ${db}, or was interrupted there (phase ${found.phase})`,
      hint:
        found.phase === 'renaming'
          ? 'Run that restore again with the same options and the native engine: it finishes the renames'
          : 'Wait until it has ended. One that was interrupted is cleared by the next restore of the native engine into this database',
      details: { db, backupId: found.backupId, phase: found.phase },
    });
  }
}

async function leftAlone(client: Connection['client'], entries: readonly NamedEntry[]): Promise<string[]> {
  return [...(await untouchedCollections(client, entries))]
    .filter(([, names]) => names.length > 0)
    .map(
      ([db, names]) =>
        `left alone, because the archive does not hold them: ${listNames(names.map((collection) => nameOf({ db, collection })))}`,
    );
}
