import { Option, type Command } from 'commander';
import { AppError } from '#contracts';
import type { CliContext } from '../context.js';
import { targetName, withFrom, withJson } from '../options.js';
import { backupsTable } from '../output/describe-list.js';

export function registerList(program: Command, context: CliContext): void {
  const command = program
    .command('list')
    .description('List the backups of the store, newest first. Needs no key.')
    .option('--target <name>', 'only those of this target', targetName)
    .addOption(
      new Option(
        '--catalog',
        'the records of the service instead (CATALOG_MONGODB_URI): failed, cancelled and running backups too. Asks no store, and writes nothing',
      ).conflicts('from'),
    );
  withJson(withFrom(command)).action((options: Options) =>
    options.catalog === true ? listRecords(options, context) : list(options, context),
  );
}

interface Options {
  readonly target?: string;
  readonly catalog?: true;
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
    else if (backups.length > 0) context.print(backupsTable(backups));
    else context.say(`No backups in ${store.location}. hazina backup makes one.`);
    for (const { error } of damaged) context.warn(error.message);
    if (damaged.length > 0) throw damagedError(damaged.map(({ backupId }) => backupId));
  });
}

async function listRecords({ target }: Options, context: CliContext): Promise<void> {
  const uri = context.catalogUri();
  const { withCatalog } = await import('../open-catalog.js');
  const { everyRecord } = await import('#catalog');
  const { recordView, recordsTable } = await import('../output/describe-records.js');
  const records = await withCatalog({ uri, readOnly: true }, context, (catalog) =>
    everyRecord(catalog, {
      ...{ sortOrder: 'desc', signal: context.signal },
      ...(target === undefined ? {} : { target }),
    }),
  );
  if (context.json) context.printJson({ backups: records.map(recordView) });
  else if (records.length > 0) context.print(recordsTable(records));
  else {
    const whose = target === undefined ? '' : ` of the target ${target}`;
    context.say(`The catalogue has no record of a backup${whose}. hazina list shows what lies in the store.`);
  }
}

function damagedError(ids: readonly string[]): AppError {
  return new AppError({
    code: 'backup/damaged',
    stage: 'open',
    message: `${ids.length === 1 ? 'One backup has' : `${ids.length} backups have`} an unreadable backup.json: ${ids.join(', ')}`,
    hint: 'The others are listed above. hazina verify tells more about one of them',
  });
}
