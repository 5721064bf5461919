import type { Readable } from 'node:stream';
import { ArchiveReader } from '#archive';
import { namespaceKey, patternOf, type AppError, type Clock, type RestoreFindings } from '#contracts';
import {
  ConflictCheck,
  type ArchiveContents,
  type ConflictBounds,
  type LoadPlan,
  type LoadRequest,
  type TargetMeans,
} from '#engine';
import type { RestoreDeps } from './run-restore.js';

export interface DryRunDeps extends RestoreDeps {
  readonly clock: Clock;
  /** How much is looked at; default: `conflictBounds`. */
  readonly bounds?: ConflictBounds;
}

export interface DryRun {
  readonly plan: LoadPlan;
  readonly findings: RestoreFindings;
  /** The restore would be refused by this, before it reads a document: the target is not empty. */
  readonly refusal: AppError | null;
}

/**
 * What a restore would do, and what stands in its way. Reads documents of the archive within bounds, and asks the target about them; writes nothing. Throws every
 * refusal of a restore but one, and what is wrong with the archive as far as it is read. Of a source that is cold the plan is made by its contents alone, and says so.
 */
export async function dryRunRestore(deps: DryRunDeps, request: LoadRequest, signal: AbortSignal): Promise<DryRun> {
  const { engine, source, observer, clock, bounds } = deps;
  observer.stage('plan');
  const contents = await source.contents(signal);
  let refusal: AppError | null = null;
  const told: { means?: TargetMeans } = {};
  const planned = await engine.plan(request, contents, signal, {
    refused: (found) => (refusal = found),
    means: (found) => (told.means = found),
  });
  const { means } = told;
  if (means === undefined) throw new Error('the plan tells nothing of rights and room');
  const plan = source.cold === undefined ? planned : withCold(planned, source.cold);
  observer.stage('compare');
  const options = { engine: engine.name, clock, means, ...(bounds === undefined ? {} : { bounds }) };
  const check = await ConflictCheck.open(request, contents, options, signal);
  try {
    if (source.cold === undefined) await look(deps, check, request, contents, signal);
    const findings = await check.findings(signal);
    return { plan, findings: source.cold === undefined ? findings : unread(findings), refusal };
  } finally {
    await check.close();
  }
}

/** What a restore from there takes, before it can begin. */
function withCold(plan: LoadPlan, { message, hint }: AppError): LoadPlan {
  const text = `the restore ends with store/cold as long as it is so: ${message}. ${hint ?? 'Bring it back first'}`;
  return { ...plan, warnings: [text, ...(plan.warnings ?? [])] };
}

function unread(findings: RestoreFindings): RestoreFindings {
  const text = 'the data of the backup, for they lie in a cold class: neither that they are whole, nor any document';
  return { ...findings, notChecked: [text, ...findings.notChecked] };
}

/** All at once where that is within the bounds; otherwise each collection gets its fair share, the small ones first, who need less than that. */
async function look(
  { source }: Pick<DryRunDeps, 'source'>,
  check: ConflictCheck,
  request: LoadRequest,
  { namespaces }: ArchiveContents,
  signal: AbortSignal,
): Promise<void> {
  if (check.collections.length === 0) return;
  // Users and roles stand beside the collections that are chosen.
  const needsAll = request.usersAndRoles === true && source.openAuthorization === undefined;
  if (request.usersAndRoles === true && source.openAuthorization !== undefined) {
    check.allow(check.room, 'authorization');
    if (await show(check, await source.openAuthorization(signal), signal)) check.sawEnd('authorization');
  }
  const known = new Map(namespaces.map((one) => [namespaceKey(one), one]));
  const sized = check.collections
    .map((entry) => {
      const { bytes = Infinity, documents = null } = known.get(namespaceKey(entry.source)) ?? {};
      return { entry, bytes, documents: documents ?? Infinity };
    })
    .sort((a, b) => a.bytes - b.bytes);
  const total = (what: 'bytes' | 'documents') => sized.reduce((sum, one) => sum + one[what], 0);
  const fits = total('bytes') <= check.room.bytes && total('documents') <= check.room.documents;
  if (fits || source.readsParts !== true) {
    check.allow(check.room);
    if (await show(check, await source.open(signal, needsAll ? undefined : request), signal)) check.sawEnd('archive');
    return;
  }
  for (const [at, { entry }] of sized.entries()) {
    if (check.isOutOfTime) return;
    const { documents, bytes } = check.room;
    const others = sized.length - at;
    check.allow({ documents: Math.ceil(documents / others), bytes: Math.ceil(bytes / others) }, entry);
    const include = [patternOf(entry.source)];
    await show(check, await source.open(signal, { databases: [], include, exclude: [] }), signal);
  }
}

/** As much of an archive as the check takes; true: all of it. */
async function show(check: ConflictCheck, archive: Readable, signal: AbortSignal): Promise<boolean> {
  const reader = new ArchiveReader({
    prelude: (prelude) => check.prelude(prelude),
    documents: (namespace, run, count) => check.documents(namespace, run, count),
    namespaceEnd: (namespace) => check.namespaceEnd(namespace, namespace.documents),
  });
  try {
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      reader.write(chunk);
      await check.settle(signal);
      if (check.isEnough) return false;
    }
    reader.end();
    return true;
  } finally {
    archive.destroy();
  }
}
