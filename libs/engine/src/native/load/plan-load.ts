import type { MongoClient } from 'mongodb';
import { namespaceKey, throwIfAborted } from '#contracts';
import type { ArchiveContents, LoadPlan, LoadRequest, PlanListener } from '../../engine.js';
import { planNames, type NamedEntry } from './name-plan.js';
import { databasesOf, nameOf } from './names.js';
import { optionsDigest } from './options-digest.js';
import { authorizationNotes, oplogNotes, planNotes } from './plan-notes.js';
import { planWarnings } from './plan-warnings.js';
import { findPlan } from './plan-store.js';
import type { PlanDocument } from './plan-types.js';
import { requireMerge } from '../authorization/require-merge.js';
import { requireReplay } from '../oplog/require-replay.js';
import { checkNames, describeTarget, refuseUnconfirmed, untouchedCollections } from './target-check.js';
import { lookForMeans } from './target-means.js';
import { actionFor, inspectTarget } from './target-state.js';

/** The dry run: every refusal that a load would begin with, and what it would do. Writes nothing. */
export async function planLoad(
  client: MongoClient,
  request: LoadRequest,
  contents: ArchiveContents,
  signal: AbortSignal,
  listener?: PlanListener,
): Promise<LoadPlan> {
  await describeTarget(client);
  const documents = new Map(contents.namespaces.map((namespace) => [namespaceKey(namespace), namespace.documents]));
  const { entries, notes } = planNames(contents.namespaces, request);
  refuseUnconfirmed(entries, request);
  throwIfAborted(signal, 'plan');
  await requireReplay(client, request, entries, contents);
  await requireMerge(client, request, entries, contents);
  const earlier = await earlierPlans(client, entries);
  // Half of the names may be ours already: they are no reason to refuse.
  const resumes = earlier.some((plan) => plan.phase === 'renaming' && isSame(plan, request));
  const { state, filled } = resumes
    ? { state: await inspectTarget(client, entries), filled: new Set<NamedEntry>() }
    : await checkNames(client, entries, request, '_hazina_tmp_none', listener?.refused);
  const means = await lookForMeans(client, entries, contents);
  listener?.means(means);
  return {
    namespaces: entries.map((entry) => ({
      from: nameOf(entry.source),
      db: entry.db,
      collection: entry.collection,
      type: entry.kind,
      documents: documents.get(namespaceKey(entry.source)) ?? null,
      action: actionFor(entry, request, state, resumes),
    })),
    notes: [
      ...notes,
      ...oplogNotes(contents, request),
      ...authorizationNotes(contents, request),
      ...planNotes(entries, request, state, filled, await untouchedCollections(client, entries)),
      ...earlier.map((plan) => describeEarlier(plan, request)),
    ],
    warnings: await planWarnings(client, contents, request, means),
  };
}

async function earlierPlans(client: MongoClient, entries: readonly NamedEntry[]): Promise<PlanDocument[]> {
  const plans = new Map<string, PlanDocument>();
  for (const db of databasesOf(entries)) {
    const plan = await findPlan(client, db);
    if (plan) plans.set(plan.restoreId, plan);
  }
  return [...plans.values()];
}

function isSame(plan: PlanDocument, request: LoadRequest): boolean {
  return plan.backupId === request.backupId && plan.digest === optionsDigest(request);
}

function describeEarlier(plan: PlanDocument, request: LoadRequest): string {
  const where = `a restore of ${plan.backupId} in ${plan.databases.join(', ')}`;
  if (plan.phase !== 'renaming')
    return `${where} is running or was interrupted: when it proves to be abandoned, what it left is removed first`;
  return isSame(plan, request)
    ? `${where} stopped while it renamed collections: this run finishes it and loads nothing again`
    : `${where} stopped while it renamed collections: it must be finished first, by its own command`;
}
