import { Option, type Command } from 'commander';
import { createHash } from 'node:crypto';
import type { CliConfig } from '#config';
import { AppError, isBackupId } from '#contracts';
import type { LoadRequest, LoadReport, Rename } from '#engine';
import type { ArchiveSource } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from '../context.js';
import { targetName, withJson, withSelection, type SelectionOptions } from '../options.js';
import { describePlan, describeReport } from '../output/describe-restore.js';

interface Options extends SelectionOptions {
  readonly toEnv: string;
  readonly latest?: true;
  readonly at?: string;
  readonly target?: string;
  readonly header?: string;
  readonly rename?: readonly string[];
  readonly replace?: true;
  readonly confirm?: readonly string[];
  readonly ignoreWrites?: true;
  readonly onConflict: 'fail' | 'keep-last';
  readonly strict?: true;
  readonly engine: 'native' | 'mongorestore';
  readonly dryRun?: true;
}

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
    .option('--replace', 'replace what the target holds under the same names')
    .option('--confirm <db...>', 'with --replace: every database that will be changed, typed out')
    .option('--ignore-writes', 'go on although somebody else writes into the target meanwhile')
    .addOption(
      new Option('--on-conflict <what>', 'two documents with one _id or unique value: fail, or keep the later one')
        .choices(['fail', 'keep-last'])
        .default('fail'),
    )
    .option('--strict', 'fail when the server silently drops an option, a validator or an index')
    .addOption(new Option('--engine <engine>', 'who loads').choices(['native', 'mongorestore']).default('native'))
    .option('--dry-run', 'say what would happen, and change nothing')
    .addHelpText('after', help);
  withJson(withSelection(command)).action((what: string | undefined, options: Options) =>
    restore(what, options, context),
  );
}

const help = `
The target must be empty under every name that is written, unless --replace is given. Collections are loaded under
temporary names and renamed into place only after all that is read of the archive was found good. With --database,
--include or --exclude only the chosen collections are read of a backup: the rest of it is not verified.

--replace makes no backup of what it replaces: make one first. Writes meanwhile are noticed by counts and identities of
the collections; a document that is changed in place is not seen, so stop the applications.

A dump of a server that is written meanwhile may hold one document in two versions. Then the restore fails, says where,
and changes nothing. With --on-conflict keep-last it keeps the one that stands later in the archive (two of one _id, or
of one value of a unique index), lists what it left out, and ends with exit code 12.

Examples (write the ID or FILE before options that take several values):
  export TARGET=mongodb://127.0.0.1:27017
  hazina restore --latest --to-env TARGET --dry-run
  hazina restore ID --to-env TARGET --rename clinic=clinic_copy
  hazina restore ID --to-env TARGET --include 'clinic.patients' --replace --confirm clinic
  hazina restore dump.archive.gz --to-env TARGET`;

async function restore(what: string | undefined, options: Options, context: CliContext): Promise<void> {
  const { bad } = await import('../choose-backup.js');
  if (what === undefined && options.latest !== true)
    throw bad('Give the ID of a backup or a file (before options that take several values), or --latest');
  if (options.confirm !== undefined && options.replace !== true) throw bad('--confirm goes with --replace');
  if (options.at !== undefined && options.latest !== true) throw bad('--at goes with --latest');
  const uri = context.uriOf(options.toEnv);
  if (what !== undefined && !isBackupId(what)) {
    await restoreFile(what, options, requestOf(uri, await fileIdentity(what, options), options), context);
    return;
  }

  const config = context.config({ store: true, keys: 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { chooseBackup } = await import('../choose-backup.js');
  const { backupSource, proveBackup } = await import('#pipeline');
  const ring = await requireKeyRing(config, context, 'open');
  await withStore(config, async (store: ObjectStore) => {
    const which = { id: what, latest: options.latest === true, at: options.at, target: options.target };
    const { backupId } = await chooseBackup(store, which, context);
    const proven = await proveBackup({ store, ring }, backupId, context.signal);
    const source = backupSource({ store, ring, observer: context.observer() }, proven);
    await run({ source, config, warnings: proven.warnings }, requestOf(uri, backupId, options), options, context);
  });
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
  await run({ source, config, warnings: source.warnings }, request, options, context);
}

interface Restorable {
  readonly source: ArchiveSource;
  readonly config: Pick<CliConfig, 'stallMs'>;
  readonly warnings: readonly string[];
}

async function run(
  { source, config, warnings }: Restorable,
  request: LoadRequest,
  options: Options,
  context: CliContext,
): Promise<void> {
  const { createLoadEngine } = await import('../engines.js');
  const { planRestore, runRestore } = await import('#pipeline');
  const observer = context.observer();
  for (const warning of warnings) context.warn(warning);
  const deps = { engine: createLoadEngine(options.engine, config, context), source, observer };
  if (options.dryRun === true) {
    const plan = await planRestore(deps, request, context.signal);
    if (context.json) context.printJson({ backupId: request.backupId, dryRun: true, ...plan });
    else context.print(describePlan(plan));
    return;
  }
  const started = context.clock.monotonicMs();
  const report = await runRestore(
    deps,
    { ...request, onProgress: (progress) => observer.progress({ documents: progress.documents }) },
    context.signal,
  );
  const durationMs = Math.round(context.clock.monotonicMs() - started);
  const all = [...warnings, ...report.warnings];
  for (const warning of report.warnings) context.warn(warning);
  if (context.json) context.printJson({ backupId: request.backupId, ...report, durationMs, warnings: all });
  else context.print(describeReport(report, durationMs));
  refuseDifferences(report);
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
  };
}

function parseRename(text: string): Rename {
  const [from = '', to = '', ...rest] = text.split('=');
  if (from !== '' && to !== '' && rest.length === 0) return { from, to };
  throw new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `--rename ${text}: write it like clinic=clinic_copy or clinic.visits=clinic.visits_old`,
  });
}

/** Names a file in the restore's plan, so that the same command can resume it: by its size and first bytes, for reading all of it would take as long as the restore. */
async function fileIdentity(path: string, { header }: Options): Promise<string> {
  const { sniffFile } = await import('#pipeline');
  const { first, bytes } = await sniffFile(path, header !== undefined);
  return `file-${createHash('sha256').update(`${bytes}/`).update(first).digest('hex').slice(0, 32)}`;
}
