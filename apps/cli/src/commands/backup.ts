import { Option, type Command } from 'commander';
import { newBackupId, type Compression, type VerificationLevel } from '#contracts';
import type { BackupRequest } from '#pipeline';
import { backupSource, handPicked } from '../backup-source.js';
import type { CliContext } from '../context.js';
import { targetName, withJson, withSelection, type SelectionOptions } from '../options.js';
import { summarizeBackup } from '../output/summarize-backup.js';
import { verificationLevel } from './verify.js';

interface Options extends SelectionOptions {
  readonly target?: string;
  readonly engine?: 'auto' | 'mongodump' | 'native';
  readonly oplog?: true;
  readonly compression?: Compression;
  readonly label?: string;
  readonly pin?: true;
  readonly verify?: true | VerificationLevel;
}

export function registerBackup(program: Command, context: CliContext): void {
  const command = program
    .command('backup')
    .description(
      'Make one backup, here and now: dump, compress, encrypt and store it as one stream. Nothing is buffered on disk.',
    )
    .option(
      '--target <name>',
      'what is backed up: a target of BACKUP_TARGETS_FILE, or a name of your own; every backup ID begins with it (default: BACKUP_TARGET_NAME)',
      targetName,
    )
    .addOption(
      new Option('--engine <engine>', 'who reads the database (default: BACKUP_ENGINE)').choices([
        'auto',
        'mongodump',
        'native',
      ]),
    )
    .option(
      '--oplog',
      'with the oplog of a whole replica set (mongodump only): a restore arrives at one moment (default: BACKUP_OPLOG)',
    )
    .addOption(new Option('--compression <codec>', '(default: BACKUP_COMPRESSION)').choices(['zstd', 'gzip', 'none']))
    .option('--label <text>', 'a note; stands in plain text in the store')
    .option('--pin', 'no retention rule removes it')
    .option('--verify [level]', 'verify it afterwards: stored, readable (the default) or restored', verificationLevel)
    .addHelpText('after', help);
  withJson(withSelection(command)).action((options: Options) => backup(options, context));
}

const help = `
Needs MONGODB_URI, BACKUP_ENCRYPTION_KEY, and a store: S3_BACKUP_BUCKET or BACKUP_DIRECTORY. With CATALOG_MONGODB_URI the
backup gets a record there, so that API and retention of the service see it.
What is backed up: --database, else the database in the path of MONGODB_URI, else every database. A part of a target
(by --database, --include or --exclude) counts by itself: it takes no place of a backup of all in retention, and ends no
alert overdue. hazina list and show tell what was chosen.
With BACKUP_TARGETS_FILE --target names one of its targets, which is backed up as a worker would: its URI, databases,
engine, compression, throttle and hooks.

Examples:
  hazina backup --label "before the upgrade" --pin
  hazina backup --database clinic --exclude 'clinic.sessions' 'clinic.tmp_*'
  hazina backup --verify --json`;

async function backup(options: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required', target: true, catalog: true });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { selectDumpEngine } = await import('../engines.js');
  const { proverOf } = await import('../verify-levels.js');
  const { requireQuota } = await import('../quota.js');
  const { runAsRecorded } = await import('../run-as-recorded.js');
  const { writeOnly } = await import('#crypto');
  const source = await backupSource(options.target, config, context);
  const ring = await requireKeyRing(config, context, 'seal');
  const dump = {
    uri: source.uri,
    databases: options.database ?? source.databases,
    include: options.include ?? source.include,
    exclude: options.exclude ?? source.exclude,
    ...((options.oplog ?? source.oplog) === true ? { oplog: true } : {}),
  };
  const level = options.verify === true ? 'readable' : options.verify;
  // Before hours of dumping: who cannot read what it writes cannot prove it above `stored`.
  if (level !== undefined && level !== 'stored' && !ring.opensWhatItSeals)
    throw writeOnly(`--verify ${level} opens what was sealed (--verify stored needs no key)`);
  // Before hours of dumping: a scratch server that nobody named is a mistake of the command.
  const scratch = level === 'restored' ? context.scratchUri(undefined) : undefined;
  const started = context.clock.monotonicMs();

  await withStore(config, async (store) => {
    await requireQuota(store, config.store.quota, source.name, context.signal);
    const observer = context.observer();
    const engine = await selectDumpEngine(options.engine ?? source.engine, dump, config, context);
    const codec = options.compression ?? source.compression.codec;
    const { throttleBytesPerSecond, storeThrottleBytesPerSecond } = source;
    const part = handPicked(dump, source);
    const deps = { store, ring, engine, clock: context.clock, random: context.random, observer };
    const request: BackupRequest = {
      backupId: newBackupId(source.name, context.clock.now(), context.random),
      target: source.name,
      attempt: 1,
      trigger: 'cli',
      dump,
      ...(part === undefined ? {} : { part }),
      compression: { codec, level: codec === source.compression.codec ? source.compression.level : undefined },
      label: options.label ?? null,
      pinned: options.pin === true,
      retentionDays: source.retentionDays,
      ...(throttleBytesPerSecond === null ? {} : { throttleBytesPerSecond }),
      ...(storeThrottleBytesPerSecond === null ? {} : { storeThrottleBytesPerSecond }),
    };
    const { backup, warnings } = await runAsRecorded(config, deps, request, context, source.boundHooks);
    const took = context.clock.monotonicMs() - started;
    const proven =
      level === undefined ? null : await proverOf(level, { store, ring, scratch }, context)(backup.backupId);
    for (const warning of [...warnings, ...(level === 'restored' ? (proven?.warnings ?? []) : [])])
      context.warn(warning);
    if (context.json) context.printJson({ ...backup, warnings });
    else context.print(summarizeBackup(backup, { location: store.location, took, verified: options.verify }));
  });
}
