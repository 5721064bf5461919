import { InvalidArgumentError, type Command } from 'commander';
import { AppError, cancelled, parsePattern, type Manifest } from '#contracts';
import type { CliContext } from '../context.js';
import { withFrom, withJson } from '../options.js';
import { printable } from '../output/format.js';
import { OutputLines } from '../output/output-lines.js';

interface Options {
  readonly query?: string;
  readonly limit?: number;
  readonly from?: string;
}

export function registerCat(program: Command, context: CliContext): void {
  const command = program
    .command('cat')
    .description('Print documents of a backup, one a line, without restoring it. Reads only what holds them.')
    .argument('<id>', 'ID of a backup')
    .argument('<namespace>', 'db.collection; a dot in the name of a database has a \\ before it')
    .option('--query <json>', 'only documents that fit, as find takes it, in Extended JSON')
    .option('--limit <n>', 'at most so many documents', wholeNumber)
    .addHelpText('after', help);
  withJson(withFrom(command)).action((id: string, namespace: string, options: Options) =>
    cat(id, namespace, options, context),
  );
}

const help = `
Each line is a document in relaxed Extended JSON, in the order of the backup; with --json in canonical Extended JSON,
which keeps every type (mongoimport reads both). What is printed is genuine; that nothing is missing is known when the
command ends with exit code 0 and read to the end. The rest of the backup is not read, and not verified.

--query knows equality, $eq $ne $gt $gte $lt $lte $in $nin $exists $regex $size $all $elemMatch $not,
$and $or $nor, and paths with dots; other operators are refused.

Examples:
  hazina cat ID clinic.patients --limit 5
  hazina cat ID clinic.patients --query '{"_id": {"$oid": "65a000000000000000000001"}}'
  hazina cat ID clinic.visits --query '{"at": {"$gte": {"$date": "2026-11-01T00:00:00Z"}}}' --json > visits.json`;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It is a whole number from 1.');
}

async function cat(id: string, name: string, options: Options, context: CliContext): Promise<void> {
  const { bsonToRelaxedJson, compileQuery } = await import('#engine');
  const { bsonToCanonicalJson } = await import('#archive');
  const fits = options.query === undefined ? undefined : compileQuery(options.query);
  const text = context.json ? bsonToCanonicalJson : bsonToRelaxedJson;
  const config = context.config({ store: true, keys: 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { chooseBackup } = await import('../choose-backup.js');
  const { storeFrom } = await import('../from-destination.js');
  const { proveBackup, readDocuments } = await import('#pipeline');
  const ring = await requireKeyRing(config, context, 'open');
  await withStore(await storeFrom(config, options.from, context), async (store) => {
    await chooseBackup(store, { id, latest: false }, context);
    const proven = await proveBackup({ store, ring }, id, context.signal);
    const namespace = await findNamespace(proven.manifest, name);
    for (const warning of proven.warnings) context.warn(warning);
    const lines = new OutputLines();
    try {
      const deps = { store, ring };
      const reading = { signal: context.signal, onWarning: (warning: string) => context.warn(warning) };
      for await (const document of readDocuments(deps, proven, namespace, reading)) {
        if (fits?.(document) === false) continue;
        if (!(await lines.write(text(document)))) return;
        if (lines.written === options.limit) break;
      }
    } catch (error) {
      throw context.signal.aborted ? cancelled(context.signal, 'output') : error;
    }
    await lines.flush();
  });
}

async function findNamespace(manifest: Manifest, name: string): Promise<Manifest['namespaces'][number]> {
  const { similarNames } = await import('#engine');
  const { plainDatabase: db, plainCollection: collection } = parsePattern(name);
  const found = manifest.namespaces.find((namespace) => namespace.db === db && namespace.collection === collection);
  if (found !== undefined && found.type !== 'view') return found;
  const names = manifest.namespaces
    .filter(({ type }) => type !== 'view')
    .map((namespace) => printable(`${namespace.db}.${namespace.collection}`));
  const similar = similarNames(name, names);
  throw new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message:
      found === undefined
        ? `${manifest.backupId} holds no ${printable(name)}`
        : `${printable(name)} is a view, which has no documents of its own`,
    hint:
      similar.length === 0
        ? 'It holds no collection at all'
        : `Is it one of these: ${similar.join(', ')}? hazina inspect ID lists all`,
  });
}
