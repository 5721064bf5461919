import type { Command } from 'commander';
import { AppError, type BackupJson } from '#contracts';
import type { CliContext } from '../context.js';
import { targetName, withFrom, withJson } from '../options.js';
import { formatBytes, formatCount, formatTable, printable } from '../output/format.js';

export function registerList(program: Command, context: CliContext): void {
  const command = program
    .command('list')
    .description('List the backups of the store, newest first. Needs no key.')
    .option('--target <name>', 'only those of this target', targetName);
  withJson(withFrom(command)).action((options: Options) => list(options, context));
}

interface Options {
  readonly target?: string;
  readonly from?: string;
}

async function list(options: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true });
  const { withStore } = await import('../open-store.js');
  const { storeFrom } = await import('../from-destination.js');
  const { listBackups } = await import('#pipeline');
  await withStore(await storeFrom(config, options.from, context), async (store) => {
    const { backups, damaged } = await listBackups(store, options.target, context.signal);
    if (context.json) context.printJson({ backups });
    else if (backups.length > 0) context.print(table(backups));
    else context.say(`No backups in ${store.location}. hazina backup makes one.`);
    for (const { error } of damaged) context.warn(error.message);
    if (damaged.length > 0) throw damagedError(damaged.map(({ backupId }) => backupId));
  });
}

function table(backups: readonly BackupJson[]): string {
  const header = ['BACKUP', 'COMPLETED', 'DATABASES', 'DOCUMENTS', 'DATA', 'STORED', 'AS OF', 'LABEL'];
  const rows = backups.map((backup) => [
    backup.backupId,
    backup.completedAt.replace('T', ' ').replace(/\.\d+Z$/, 'Z'),
    shorten(printable(backup.databases.join(', ')) || '(empty)'),
    formatCount(backup.totals.documents),
    formatBytes(backup.totals.bsonBytes),
    formatBytes(backup.objects.data.bytes + backup.objects.manifest.bytes),
    asOf(backup.consistency),
    printable(backup.label ?? ''),
  ]);
  return formatTable([header, ...rows], [3, 4, 5]);
}

/** The moment that all collections are of; most backups of servers without snapshots have none. */
function asOf({ mode, at }: BackupJson['consistency']): string {
  if (at === null) return mode === 'none' ? 'no moment' : mode;
  return `${new Date(at.t * 1000).toISOString().slice(11, 19)}Z${mode === 'oplog' ? ' with its oplog' : ''}`;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function damagedError(ids: readonly string[]): AppError {
  return new AppError({
    code: 'backup/damaged',
    stage: 'open',
    message: `${ids.length === 1 ? 'One backup has' : `${ids.length} backups have`} an unreadable backup.json: ${ids.join(', ')}`,
    hint: 'The others are listed above. hazina verify tells more about one of them',
  });
}
