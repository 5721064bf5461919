import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError, newBackupId, Secret, systemCode } from '#contracts';
import type { BackupRequest, ImportedDump } from '#pipeline';
import type { CliContext } from '../context.js';
import { targetName, withJson } from '../options.js';
import { summarizeBackup } from '../output/summarize-backup.js';

interface Options {
  readonly target?: string;
  readonly label?: string;
  readonly pin?: true;
}

export function registerImport(program: Command, context: CliContext): void {
  const command = program
    .command('import')
    .description(
      'Take in a dump that others made, as a backup of its own: checked to its end, compressed, encrypted and stored as one stream. A broken one is refused.',
    )
    .argument(
      '<file>',
      'what mongodump wrote: an archive (plain, gzipped or compressed with zstd; - for stdin), or a folder (--out)',
    )
    .option(
      '--target <name>',
      'name that its ID begins with, of imported dumps alone (default: BACKUP_TARGET_NAME and -imported)',
      targetName,
    )
    .option('--label <text>', 'a note; stands in plain text in the store (default: when the dump was written)')
    .option('--pin', 'no retention rule removes it')
    .addHelpText('after', help);
  withJson(command).action((file: string, options: Options) => importDump(file, options, context));
}

const help = `
Needs BACKUP_ENCRYPTION_KEY, and a store: S3_BACKUP_BUCKET or BACKUP_DIRECTORY; no server. With CATALOG_MONGODB_URI the
backup gets a record there. Its target holds imported dumps alone: a name that this installation backs up, or that has
other backups in the store, is refused, for the dump would pass for the newest backup there. No retention rule knows that
target, so it stays until hazina delete removes it.

Examples:
  hazina import clinic-2019.archive.gz --target archive-2019
  hazina import dump --label 'before the move'
  ssh old-server mongodump --archive --gzip | hazina import - --target old-server`;

async function importDump(file: string, options: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required', catalog: true });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { requireQuota } = await import('../quota.js');
  const { runAsRecorded } = await import('../run-as-recorded.js');
  const { importEngine } = await import('#pipeline');
  const ring = await requireKeyRing(config, context, 'seal');
  const { importTarget, requireImportsAlone } = await import('../import-target.js');
  const target = await importTarget(options.target, config.target, context);
  const dump = await openDump(file);
  const started = context.clock.monotonicMs();

  try {
    await withStore(config, async (store) => {
      await requireImportsAlone(store, target, context.signal);
      await requireQuota(store, config.store.quota, target, context.signal);
      const { clock, random } = context;
      const deps = { store, ring, engine: importEngine(dump), clock, random, observer: context.observer() };
      const request: BackupRequest = {
        backupId: newBackupId(target, clock.now(), random),
        ...{ target, attempt: 1, trigger: 'cli', pinned: options.pin === true },
        dump: { uri: new Secret(''), databases: [], include: [], exclude: [], oplog: 'if-there' },
        compression: config.compression,
        label: options.label ?? labelOf(dump),
        // No rule knows its target, so no date is told.
        retentionDays: 0,
      };
      const { backup, warnings } = await runAsRecorded(config, deps, request, context);
      for (const warning of warnings) context.warn(warning);
      const took = clock.monotonicMs() - started;
      if (context.json) context.printJson({ ...backup, warnings });
      else context.print(summarizeBackup(backup, { location: store.location, took, verified: undefined }));
    });
  } finally {
    dump.stream.destroy();
  }
}

/** No name of a file: it may say more than a label should. */
function labelOf({ modifiedAt }: ImportedDump): string {
  return modifiedAt === null ? 'imported' : `imported; dump of ${modifiedAt.toISOString()}`;
}

async function openDump(file: string): Promise<ImportedDump> {
  if (file === '-') return { stream: process.stdin, name: 'standard input', bytes: null, modifiedAt: null };
  const found = await stat(file).catch((error: unknown) => {
    throw unreadable(file, systemCode(error) ?? 'unknown', 'Give the path of a file or of a folder, or - for stdin');
  });
  if (found.isDirectory()) {
    const { folderArchive, readDumpFolder } = await import('#pipeline');
    const folder = await readDumpFolder(file);
    const { bytes, modifiedAt, warnings } = folder;
    return { stream: folderArchive(folder), name: basename(resolve(file)), bytes, modifiedAt, warnings };
  }
  return {
    stream: createReadStream(file, { highWaterMark: 1024 * 1024 }),
    ...{ name: basename(file), bytes: found.size, modifiedAt: found.mtime },
  };
}

function unreadable(file: string, why: string, hint: string): AppError {
  return new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `${file} cannot be read (${why})`,
    hint,
  });
}
