import type { Readable } from 'node:stream';
import { AppError, messageOf, throwIfAborted } from '#contracts';
import type { ArchiveContents, LoadEngine, LoadPlan, LoadReport, LoadRequest, PlanListener } from '../engine.js';
import { authorizationPart } from '../native/authorization/authorization-part.js';
import { notReplayed } from '../native/load/plan-notes.js';
import { ArchiveFeed } from './archive-feed.js';
import { findTool } from './find-tool.js';
import { judgeRestore } from './judge-restore.js';
import { planMongorestore } from './plan-restore.js';
import { withPrivateConfig } from './private-config.js';
import { readBackTarget, type ReadBack } from './read-back.js';
import { notAllOrNothing, reportRestore } from './report-restore.js';
import { restoreArguments } from './restore-arguments.js';
import { RestoreLog } from './restore-log.js';
import { chooseEntries } from './restored-entries.js';
import { runMongorestore } from './run-mongorestore.js';
import { toolUri } from './tool-uri.js';

export interface MongorestoreOptions {
  /** Where to look for the tool: a PATH. */
  readonly searchPath: string;
  /** For the private configuration file. */
  readonly tmpDir: string;
  /** So long it may take no byte and say nothing new. */
  readonly stallMs: number;
  /** The same while the server builds indexes, of which the tool says nothing. Default: six hours, or `stallMs` when that is more. */
  readonly indexStallMs?: number;
  /** From asking to end to ending. Default 5,000. */
  readonly killGraceMs?: number;
  /** The checks of the target. Default: those of the native engine, as far as they apply. */
  readonly plan?: LoadEngine['plan'];
  /** Looks at the target afterwards. Default: compares kinds, options and indexes with the archive's metadata. */
  readonly readBack?: ReadBack;
}

/** Loads by the official mongorestore, for those who want it. Its source must have been verified as a whole before. */
export function createMongorestoreEngine(options: MongorestoreOptions): LoadEngine {
  return {
    name: 'mongorestore',
    plan: async (request, contents, signal, listener) => {
      await findTool(options.searchPath, 'mongorestore');
      const plan = await checkTarget(options, request, contents, signal, listener);
      return { ...plan, notes: [...plan.notes, notAllOrNothing] };
    },
    load: async (request, source, signal) => {
      // It may fail before anybody reads from it: the next read tells.
      source.on('error', () => undefined);
      try {
        throwIfAborted(signal, 'load');
        return await load(request, source, options, signal);
      } finally {
        source.destroy();
      }
    },
  };
}

async function load(
  request: LoadRequest,
  source: Readable,
  options: MongorestoreOptions,
  signal: AbortSignal,
): Promise<LoadReport> {
  const tool = await findTool(options.searchPath, 'mongorestore');
  const feed = new ArchiveFeed(source, signal);
  const prelude = await feed.readPrelude();
  const { entries, notes } = chooseEntries(prelude, request);
  const namespaces = prelude.collections.map(({ db, collection, type }) => ({ db, collection, type, documents: null }));
  if (
    request.usersAndRoles === true &&
    !prelude.collections.some((one) => one.db === 'admin' && authorizationPart(one))
  )
    throw cannot('the archive announces no users and roles of a whole server');
  // Once more, for the target may have changed while the archive was verified.
  await checkTarget(options, request, { namespaces }, signal);
  const args = [
    '--archive',
    '--stopOnError',
    '-j=4',
    ...restoreArguments(prelude.collections, entries, request),
    ...(request.mode === 'replace' ? ['--drop'] : []),
  ];
  const log = new RestoreLog();
  const documents = await withPrivateConfig(options.tmpDir, await toolUri(request.uri), async (config) => {
    const run = {
      path: tool.path,
      args: [config.argument, ...args],
      config: config.descriptor,
      feed,
      log,
      source,
      request,
    };
    const { child, exit } = await runMongorestore(run, options, signal);
    return judgeRestore(child, { exit, log, archive: feed.summary, entries });
  });
  const found = await (options.readBack ?? readBackTarget)(request.uri, entries, signal).catch((error: unknown) => {
    if (request.strict) throw error;
    // It is restored: that nobody has looked at it is told, and no failure.
    return { unread: messageOf(error) };
  });
  const oplog = feed.summary?.namespaces.find(({ db, collection }) => db === '' && collection === 'oplog');
  const report = reportRestore({
    ...{ documents, found, log, strict: request.strict },
    notes: [...notes, ...(request.oplogReplay === true ? [] : notReplayed(oplog?.documents ?? 0))],
  });
  // Of what moment its last entry is, nobody has looked.
  return request.oplogReplay === true ? { ...report, oplog: { entries: oplog?.documents ?? 0, at: null } } : report;
}

function checkTarget(
  options: MongorestoreOptions,
  request: LoadRequest,
  contents: ArchiveContents,
  signal: AbortSignal,
  listener?: PlanListener,
): Promise<LoadPlan> {
  refuseConflicts(request);
  refuseSomeUsers(request);
  return (options.plan ?? planMongorestore)(request, contents, signal, listener);
}

/** Duplicates end a mongorestore: it cannot keep the last one of them. */
function refuseConflicts({ onConflict }: LoadRequest): void {
  if (onConflict === 'fail') return;
  throw new AppError({
    code: 'engine/unsupported',
    stage: 'plan',
    message: 'mongorestore cannot keep the last of several documents with the same _id (--on-conflict keep-last)',
    hint: 'Use the native engine (the default), or --on-conflict fail',
  });
}

function refuseSomeUsers({ usersAndRoles, databases, mode }: LoadRequest): void {
  if (usersAndRoles !== true) return;
  if (databases.length > 0) throw cannot('it takes users and roles of everything, not of chosen databases');
  if (mode === 'replace') throw cannot('replacing data, it would remove every user that the archive does not hold');
}

function cannot(reason: string): AppError {
  return new AppError({
    code: 'engine/unsupported',
    stage: 'plan',
    message: `mongorestore cannot do this: ${reason}`,
    hint: 'Use the native engine (the default), or leave users and roles out',
  });
}
