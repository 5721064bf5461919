import { Option, type Command } from 'commander';
import { createHash } from 'node:crypto';
import type { CliConfig } from '#config';
import { AppError, isBackupId } from '#contracts';
import type { LoadRequest, LoadReport } from '#engine';
import type { ArchiveSource, ColdBackup, ProvenBackup } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from '../context.js';
import type { WithSafetyParts } from '../safety-backup.js';
import { targetName, withFrom, withJson, withSelection } from '../options.js';
import { describeDryRun } from '../output/describe-dry-run.js';
import { describeReport } from '../output/describe-restore.js';
import { parseRename, refuseContradictions, type RestoreOptions as Options } from '../restore-options.js';

export function registerRestore(program: Command, context: CliContext): void {
  const command = program
    .command('restore')
    .description('Restore a backup or an archive into a server. A damaged backup never changes the target.')
    .argument('[id-or-file]', 'ID of a backup, a sealed file, or a mongodump archive (plain or gzipped)')
    .requiredOption('--to-env <name>', "name of the variable that holds the target's URI (or of NAME_FILE)")
    .option('--latest', 'the newest backup')
    .option('--at <time>', 'with --latest: the newest that was complete by then, like 2026-11-23T14:00:00Z')
    .option('--target <name>', 'with --latest: only backups of this target', targetName)
    .option('--header <sidecar>', 'for a sealed file: header sidecar that came with it after a key rotation')
    .option('--rename <from=to...>', 'A=C renames a database, A.b=C.d a collection')
    .option('--scratch', 'into new databases hazina_scratch_<id>_<name>, whose names and ID are printed')
    .option('--drop', 'with --scratch: drop them again, whatever came of it')
    .option('--drop-scratch <id>', 'restore nothing: drop the databases that an earlier --scratch printed this ID for')
    .option('--replace', 'replace what the target holds under the same names')
    .option('--no-safety-backup', 'with --replace: make no backup of what is replaced')
    .option('--confirm <db...>', 'with --replace: every database that will be changed, typed out')
    .option('--ignore-writes', 'go on although somebody else writes into the target meanwhile')
    .addOption(
      new Option('--on-conflict <what>', 'two documents with one _id or unique value: fail, or keep the later one')
        .choices(['fail', 'keep-last'])
        .default('fail'),
    )
    .option(
      '--oplog-replay',
      'replay the oplog of the archive on what was loaded (default: of a backup that has one and is restored whole)',
    )
    .option('--no-oplog-replay', 'leave its oplog out: each collection is as it was when it was read')
    .option('--users-and-roles', 'merge users and roles of the backup into those of the server, too')
    .option('--strict', 'fail when the server silently drops an option, a validator or an index')
    .addOption(new Option('--engine <engine>', 'who loads').choices(['native', 'mongorestore']).default('native'))
    .option('--dry-run', 'say what would happen, and change nothing')
    .addHelpText('after', help);
  withJson(withFrom(withSelection(command))).action((what: string | undefined, options: Options) =>
    options.replace === true && options.dryRun !== true
      ? replace(what, options, context)
      : restore(what, options, context),
  );
}

/** Over data: known to the service's audit log, where there is one. */
async function replace(what: string | undefined, options: Options, context: CliContext): Promise<void> {
  const { auditedIfAny } = await import('../audited.js');
  const detail = `${what ?? 'the newest'} into ${options.toEnv}, replace`;
  const resource = what !== undefined && isBackupId(what) ? what : undefined;
  const act = { event: 'sensitive_restore', ...(resource === undefined ? {} : { resource }), detail };
  await auditedIfAny(act, context, () => restore(what, options, context));
}

const help = `
The target must be empty under every name that is written, unless --replace is given. Collections are loaded under
temporary names and renamed into place only after all that is read of the archive was found good. With --database,
--include or --exclude only the chosen collections are read of a backup: the rest of it is not verified.

With --scratch everything goes into new databases beside what is there, each with a marker that names this restore; when it
fails or is stopped they are dropped. --drop drops them in the end, too (did it work?). --drop-scratch drops only what has
both name and marker of that restore.

--replace first backs up what it replaces, into the configured store (target safety-<variable of --to-env>; of
RESTORE_TARGET_<NAME>_URI safety-<name>): restore that to go back. When somebody writes there meanwhile nothing is
replaced, unless --ignore-writes is given: a change stream watches until just before the renames, or where the server
has none, what is replaced is read once more then. What comes in the very last moment cannot be seen, so stop the
applications. --no-safety-backup goes without the backup, and notices writes by
counts and identities of the collections only. A file that is restored where no BACKUP_ENCRYPTION_KEY is set is restored
without one, with a warning.

A dump of a server that is written meanwhile may hold one document in two versions. Then the restore fails, says where,
and changes nothing. With --on-conflict keep-last it keeps the one that stands later in the archive (two of one _id, or
of one value of a unique index), lists what it left out, and ends with exit code 12.

A backup with an oplog (hazina show tells what it is consistent to) is restored to one moment: the oplog is replayed on
what was loaded before anything takes its name, with the command applyOps, which only MongoDB servers have. Of a file give
--oplog-replay yourself. What cannot be replayed ends the restore and names the entry.

Users and roles are not part of a restore of data. With --users-and-roles those of the backup (of --database, or all) are
merged into the server's when everything is loaded: who is there under the same name is replaced, password included,
nobody is removed, and the safety backup does not hold them. It needs a MongoDB server and the role restore.

A backup that the primary store cannot give (it is away, or the backup is gone or damaged there) is read from the nearest
destination of BACKUP_TARGETS_FILE that can. --from NAME reads that one alone.

--dry-run reads documents of the backup (at most 500,000, 512 MiB, two minutes) and names what stands in the way: ids that
the target has, documents that it would lose, documents that break a unique index or a validator, missing rights and
room, users and roles that would be replaced; and what was checked and what was not. It changes nothing, and ends with the
exit code of the restore where that would surely be refused or fail: 16 when the target is not empty, 15 without the
rights, 12 for documents that break an index. 0 means that nothing was found in the way. Of a backup whose data lie in a
cold storage class it makes the plan by the manifest, says what bringing them back takes, and looks at no document.

Examples (write the ID or FILE before options that take several values):
  export TARGET=mongodb://127.0.0.1:27017
  hazina restore --latest --to-env TARGET --dry-run
  hazina restore ID --to-env TARGET --rename clinic=clinic_copy
  hazina restore ID --to-env TARGET --include 'clinic.patients' --replace --confirm clinic
  hazina restore ID --to-env TARGET --scratch
  hazina restore dump.archive.gz --to-env TARGET`;

async function restore(what: string | undefined, options: Options, context: CliContext): Promise<void> {
  const { bad } = await import('../choose-backup.js');
  refuseContradictions(what, options);
  if (options.dropScratch !== undefined) {
    const { dropEarlierScratch } = await import('../scratch-restore.js');
    return dropEarlierScratch(context.uriOf(options.toEnv), options.dropScratch, context);
  }
  if (what === undefined && options.latest !== true)
    throw bad('Give the ID of a backup or a file (before options that take several values), or --latest');
  const uri = context.uriOf(options.toEnv);
  if (what !== undefined && !isBackupId(what)) {
    await restoreFile(what, options, requestOf(uri, await fileIdentity(what, options), options), context);
    return;
  }

  const config = context.config({ store: true, keys: 'required', catalog: options.replace === true });
  const { requireKeyRing } = await import('../open-store.js');
  const { chooseBackup } = await import('../choose-backup.js');
  const { planSource, proveBackup, proveForPlan } = await import('#pipeline');
  const ring = await requireKeyRing(config, context, 'open');
  const { storesFrom, withNearest, withNearestOrCold } = await import('../from-destination.js');
  const look = async (store: ObjectStore, mayBeCold: boolean): Promise<ProvenBackup | ColdBackup> => {
    const which = { id: what, latest: options.latest === true, at: options.at, target: options.target };
    const { backupId } = await chooseBackup(store, which, context);
    return (mayBeCold ? proveForPlan : proveBackup)({ store, ring }, backupId, context.signal);
  };
  const load = (store: ObjectStore, proven: ProvenBackup | ColdBackup): Promise<void> => {
    const source = planSource({ store, ring, observer: context.observer() }, proven);
    const { backupId } = proven.backup;
    const sealing = () => requireKeyRing(config, context, 'seal');
    const withParts: WithSafetyParts = async (work) =>
      work({ store, ring: await sealing(), config, variable: options.toEnv });
    const found = { source, config, warnings: proven.warnings, withParts };
    return run(found, requestOf(uri, backupId, options), options, context);
  };
  const stores = await storesFrom(config, options.from, context);
  if (options.dryRun === true) await withNearestOrCold(stores, look, load, context);
  else await withNearest(stores, (store) => look(store, false), load, context);
}

async function restoreFile(path: string, options: Options, request: LoadRequest, context: CliContext): Promise<void> {
  const config = context.config({ keys: 'optional' });
  const { openKeyRing } = await import('../open-store.js');
  const { readSidecarFile } = await import('../sidecar-file.js');
  const { fileSource } = await import('#pipeline');
  const source = await fileSource(path, {
    ring: await openKeyRing(config, context),
    sidecar: await readSidecarFile(options.header),
    observer: context.observer(),
  });
  const withParts: WithSafetyParts = (work) => besideFile(options, context, work);
  await run({ source, config, warnings: source.warnings, withParts }, request, options, context);
}

/** A file needs no key and no store to be restored: where no key is set, there is nothing to seal a backup with. */
async function besideFile(
  { toEnv }: Options,
  context: CliContext,
  work: Parameters<WithSafetyParts>[0],
): Promise<string | null> {
  const { current, recipients } = context.config({ keys: 'optional' }).keys;
  if (current === undefined && recipients.length === 0) {
    context.warn('what is replaced is not backed up before, for no BACKUP_ENCRYPTION_KEY is set');
    return null;
  }
  const config = context.config({ store: true, keys: 'required', catalog: true });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const ring = await requireKeyRing(config, context, 'seal');
  return withStore(config, (store) => work({ store, ring, config, variable: toEnv }));
}

interface Restorable {
  readonly source: ArchiveSource;
  readonly config: Pick<CliConfig, 'stallMs'>;
  readonly warnings: readonly string[];
  readonly withParts: WithSafetyParts;
}

async function run(
  { source, config, warnings, withParts }: Restorable,
  wanted: LoadRequest,
  options: Options,
  context: CliContext,
): Promise<void> {
  const { createLoadEngine } = await import('../engines.js');
  const { dryRunRestore, foreseenFailure, runRestore } = await import('#pipeline');
  const { replaysOplog } = await import('#engine');
  const observer = context.observer();
  for (const warning of warnings) context.warn(warning);
  const contents = await source.contents(context.signal);
  const { describeScratch, inScratch, planScratch, reportScratch } = await import('../scratch-restore.js');
  const scratch = options.scratch === true ? planScratch(wanted, contents, context) : null;
  const request = {
    ...(scratch?.request ?? wanted),
    oplogReplay: replaysOplog(contents, wanted, options.oplogReplay),
  };
  const deps = { engine: createLoadEngine(options.engine, config, context), source, observer };
  if (options.dryRun === true) {
    const dryRun = await dryRunRestore({ ...deps, clock: context.clock }, request, context.signal);
    const { plan, findings, refusal } = dryRun;
    if (context.json) context.printJson({ backupId: request.backupId, dryRun: true, ...plan, ...findings });
    else context.print(describeDryRun(dryRun));
    // It ends as the restore would.
    const failure = refusal ?? foreseenFailure(findings);
    if (failure !== null) throw failure;
    return;
  }
  const started = context.clock.monotonicMs();
  const { makeSafetyBackup } = await import('../safety-backup.js');
  const isSecured = options.replace === true && options.safetyBackup;
  const safety = isSecured ? await makeSafetyBackup(deps, request, withParts, context) : null;
  const hooked: LoadRequest = {
    ...request,
    onProgress: ({ documents, namespaces }) =>
      observer.progress({ documents, ...(namespaces === undefined ? {} : { namespaces }) }),
    onRenaming: async (resumed) => {
      if (!resumed) await safety?.check();
    },
  };
  const restore = async () => {
    try {
      // The official tool has no moment between its loading and its renames.
      if (options.engine !== 'native') await safety?.check();
      return await runRestore(deps, hooked, context.signal);
    } finally {
      await safety?.close();
    }
  };
  const report = await (scratch === null ? restore() : inScratch(scratch, restore, context));
  const durationMs = Math.round(context.clock.monotonicMs() - started);
  const notes = safety === null ? [] : [safety.note()];
  const all = [...warnings, ...report.warnings, ...notes];
  for (const warning of [...report.warnings, ...notes]) context.warn(warning);
  const made = scratch === null ? null : await reportScratch(scratch, options.drop === true);
  const more = {
    ...(safety === null ? {} : { safetyBackupId: safety.backupId }),
    ...(made === null ? {} : { scratch: made.report }),
  };
  if (context.json) context.printJson({ backupId: request.backupId, ...report, ...more, durationMs, warnings: all });
  else context.print(describeReport(report, durationMs));
  if (made !== null && !context.json) context.print(describeScratch(made.report));
  const failure = made?.failure ?? null;
  // What the restore was worth comes first: that its databases still stand there is said in any case.
  if (failure !== null && report.outcome !== 'restored') context.warn(failure.message);
  refuseDifferences(report);
  if (failure !== null) throw failure;
}

function refuseDifferences(report: LoadReport): void {
  if (report.outcome === 'restored') return;
  const named = report.namespaces.filter(({ differences }) => differences.length > 0);
  throw new AppError({
    code: 'restore/differences',
    stage: 'compare',
    message: `Restored with differences in ${named.map(({ db, collection }) => `${db}.${collection}`).join(', ')}`,
    hint: 'All else is there. The differences are listed above: what the server did not keep, and what --on-conflict keep-last left out',
  });
}

function requestOf(uri: LoadRequest['uri'], backupId: string, options: Options): LoadRequest {
  return {
    uri,
    backupId,
    databases: options.database ?? [],
    include: options.include ?? [],
    exclude: options.exclude ?? [],
    rename: (options.rename ?? []).map(parseRename),
    mode: options.replace === true ? 'replace' : 'into-empty',
    confirm: options.confirm ?? [],
    onConflict: options.onConflict,
    ignoreWrites: options.ignoreWrites === true,
    strict: options.strict === true,
    usersAndRoles: options.usersAndRoles === true,
  };
}

/** Names a file in the restore's plan, so that the same command can resume it: by its size and first bytes, for reading all of it would take as long as the restore. */
async function fileIdentity(path: string, { header }: Options): Promise<string> {
  const { sniffFile } = await import('#pipeline');
  const { first, bytes } = await sniffFile(path, header !== undefined);
  return `file-${createHash('sha256').update(`${bytes}/`).update(first).digest('hex').slice(0, 32)}`;
}
