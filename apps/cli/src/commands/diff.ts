import type { Command } from 'commander';
import { AppError, cancelled, isBackupId, isTargetName, type Secret } from '#contracts';
import type { KeyRing } from '#crypto';
import type { DiffSide, DocumentDiff, NamespaceDiff } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { BackupSource } from '../backup-source.js';
import type { CliContext } from '../context.js';
import { withFrom, withJson, withSelection, type SelectionOptions } from '../options.js';
import { describeChange, describeDifference, describeTotal, isDifferent } from '../output/describe-diff.js';
import { OutputLines } from '../output/output-lines.js';

interface Options extends SelectionOptions {
  readonly toEnv?: string;
  readonly documents?: true;
  readonly from?: string;
}

export function registerDiff(program: Command, context: CliContext): void {
  const command = program
    .command('diff')
    .description('Compare a backup with another one, or with what a server holds now. Changes nothing.')
    .argument('<id>', 'ID of a backup')
    .argument('[id2-or-target]', 'ID of the backup to compare it with, or a target: what its server holds now')
    .option('--to-env <name>', 'compare with a server: name of the variable that holds its URI (or of NAME_FILE)')
    .option('--documents', 'tell the documents that were added, removed or changed, by _id')
    .addHelpText('after', help);
  withJson(withFrom(withSelection(command))).action((id: string, other: string | undefined, options: Options) =>
    diff(id, other, options, context),
  );
}

const help = `
Without --documents: names, types and counts, and of two backups the checksums of each collection; no data is read of
a backup. What has the same count and is not proven to be the same is called "not compared". With --documents, each
collection that is not proven the same is read on both sides and compared by _id, byte for byte, in 64 MiB of memory
(1.5 million documents a pass). Against a server the databases of the backup are looked at, against a target
all that a backup of it would take now; time series, system
collections and Hazina's own are not. Writers meanwhile show up as differences. A target is one of BACKUP_TARGETS_FILE,
or that of BACKUP_TARGET_NAME with MONGODB_URI; what it leaves out is no difference. --from is where backups are read.

Exit code 0: no difference was found (what is "not compared" is none); 12: there are differences; others: trouble, as
of every command.

With --json and without --documents: {"namespaces": [...]}. With both: one object a line, {"change": "added" |
"removed" | "changed", "db", "collection", "_id"} for a document, and one with "verdict" after each collection.

Examples:
  hazina diff ID ID2
  hazina diff ID clinic
  hazina diff ID --to-env MONGODB_URI --documents --include clinic.patients`;

async function diff(id: string, other: string | undefined, options: Options, context: CliContext): Promise<void> {
  const { bad } = await import('../choose-backup.js');
  if ((other === undefined) === (options.toEnv === undefined))
    throw bad('Give a second ID, a target, or --to-env with the variable of a server, and only one of them');
  const server = await serverOf(other, options, context);
  const config = context.config({ store: true, keys: 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const ring = await requireKeyRing(config, context, 'open');
  const { storeFrom } = await import('../from-destination.js');
  await withStore(await storeFrom(config, options.from, context), async (store) => {
    try {
      const left = await backupOf(store, ring, id, context);
      if (server === undefined)
        await compare(left, await backupOf(store, ring, other ?? '', context), options, context);
      else await withServer(server, context, (right) => compare(left, right, options, context, server.selection));
    } catch (error) {
      throw context.signal.aborted ? cancelled(context.signal, 'compare') : error;
    }
  });
}

interface Server {
  readonly uri: Secret;
  /** What is backed up of it: all else is no difference. Undefined: everything. */
  readonly selection?: Pick<BackupSource, 'databases' | 'include' | 'exclude'>;
}

/** The server to compare with; undefined: with another backup. */
async function serverOf(
  other: string | undefined,
  { toEnv }: Options,
  context: CliContext,
): Promise<Server | undefined> {
  if (toEnv !== undefined) return { uri: context.uriOf(toEnv) };
  if (other === undefined || isBackupId(other) || !isTargetName(other)) return undefined;
  const known = await context.backupSource(other);
  if (known !== null) return { uri: known.uri, selection: known };
  const { bad } = await import('../choose-backup.js');
  throw bad(`${other} is no ID of a backup, and no target of BACKUP_TARGETS_FILE or BACKUP_TARGET_NAME`);
}

async function backupOf(store: ObjectStore, ring: KeyRing, id: string, context: CliContext): Promise<DiffSide> {
  const { chooseBackup } = await import('../choose-backup.js');
  const { backupSide, proveBackup } = await import('#pipeline');
  await chooseBackup(store, { id, latest: false }, context);
  const proven = await proveBackup({ store, ring }, id, context.signal);
  for (const warning of proven.warnings) context.warn(warning);
  return backupSide({ store, ring }, proven, { signal: context.signal, onWarning: (text) => context.warn(text) });
}

async function withServer(server: Server, context: CliContext, work: (side: DiffSide) => Promise<void>): Promise<void> {
  const { openTargetContents } = await import('#engine');
  const contents = await openTargetContents(server.uri, context.signal);
  try {
    const meant = await databasesOf(server, context);
    await work({
      namespaces: async (databases) => {
        const all = [...new Set([...databases, ...meant])].sort();
        return (await contents.namespaces(all)).map((namespace) => ({ ...namespace, crc64: null }));
      },
      documents: ({ db, collection }) => contents.documents(db, collection),
    });
  } finally {
    await contents.close();
  }
}

/** What a backup of a target would take now: a database that was made since is a difference. Of a server that is no target nobody knows what is meant. */
async function databasesOf({ uri, selection }: Server, context: CliContext): Promise<readonly string[]> {
  if (selection === undefined) return [];
  const { createNativeDumpEngine } = await import('#engine');
  const { databases, include, exclude } = selection;
  const engine = createNativeDumpEngine({ engineVersion: context.version });
  try {
    return (await engine.probe({ uri, databases, include, exclude }, context.signal)).databases;
  } catch (thrown) {
    const error = AppError.from(thrown, 'compare');
    if (context.signal.aborted) throw error;
    // All that is gone is told as missing.
    if (error.code !== 'source/unknown-database')
      context.warn(`whether there are new databases is not known: ${error.message}`);
    return [];
  }
}

async function compare(
  left: DiffSide,
  right: DiffSide,
  options: Options,
  context: CliContext,
  ofTarget: NonNullable<Server['selection']> = { databases: [], include: [], exclude: [] },
): Promise<void> {
  const { createSelection } = await import('#engine');
  const { runDiff } = await import('#pipeline');
  const { database = [], include = [], exclude = [] } = options;
  const selection = createSelection({ databases: database, include, exclude });
  const backedUp = createSelection(ofTarget);
  const lines = new OutputLines();
  const found: NamespaceDiff[] = [];
  const isStream = context.json && options.documents === true;
  const write = async (text: string): Promise<void> => {
    await lines.write(text);
  };
  const onDifference = async (change: DocumentDiff): Promise<void> => write(await describeChange(change, context.json));
  await runDiff(left, right, {
    chooses: ({ db, collection }) => selection.matches(db, collection) && backedUp.matches(db, collection),
    ...(options.documents === true ? { documents: { onDifference } } : {}),
    onNamespace: async (one) => {
      found.push(one);
      if (isStream) await write(JSON.stringify(one));
      else if (!context.json) for (const text of describeDifference(one)) await write(text);
    },
  });
  await lines.flush();
  context.foundDifferences = found.some(isDifferent);
  if (!context.json) context.print(describeTotal(found));
  else if (!isStream) context.printJson({ namespaces: found });
}
