import type { Command } from 'commander';
import { AppError, type SyncResult } from '#contracts';
import type { CliContext } from '../context.js';
import { targetName, withJson } from '../options.js';
import { describeSync } from '../output/describe-sync.js';

interface SyncOptions {
  readonly target?: string;
  readonly adopt?: true;
  readonly dryRun?: true;
}

export function registerCatalog(program: Command, context: CliContext): void {
  const catalog = program.command('catalog').description("The service's records of its backups.");
  const sync = catalog
    .command('sync')
    .description(
      'Bring the records in line with the store, which is the truth: make those that are lost, mark those whose backup is gone. Needs CATALOG_MONGODB_URI and the key.',
    )
    .option('--target <name>', 'only those of this target', targetName)
    .option('--adopt', 'take in whole folders without backup.json, after each was read to its end')
    .option('--dry-run', 'only tell what would be done')
    .addHelpText('after', help);
  withJson(sync).action((options: SyncOptions) => run(options, context));
}

const help = `
Safe beside running workers, and repeatable: records that are pending, running or being deleted are left alone, deleted
ones are not revived, foreign files are reported and never touched. A backup that the keys at hand do not prove gets no
record. Exit code 11 when something in the store is damaged. Backups that stand in a destination of BACKUP_TARGETS_FILE
alone: what its own retention keeps there is a copy of it again, other ones are told.

Examples:
  hazina catalog sync --dry-run
  hazina catalog sync --adopt --target clinic`;

async function run(options: SyncOptions, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required' });
  const { orphanGraceMs: graceMs, targets } = await context.upkeepConfig();
  const uri = context.catalogUri();
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { knownCopies, openCatalog, syncCatalog } = await import('#catalog');
  const { bindStore, runSync } = await import('#pipeline');
  const { audited } = await import('../audited.js');
  const { unrecordedCopies } = await import('../unrecorded-copies.js');
  const ring = await requireKeyRing(config, context, 'open');
  const { clock, random, signal } = context;
  const dryRun = options.dryRun === true;
  const target = options.target ?? null;
  const result = await withStore(config, async (store) => {
    const catalog = await openCatalog({ uri, clock, random, appName: 'hazina-cli', readOnly: dryRun });
    try {
      const known = await catalog.settings.storeId();
      const expectedStoreId = dryRun
        ? known
        : (await bindStore({ binding: catalog.settings, store, clock, random }, signal)).storeId;
      const records = syncCatalog(catalog, clock);
      const adopt = options.adopt === true;
      const run = () =>
        runSync(
          { store, ring, clock, observer: context.observer(), catalog: records },
          {
            ...{ target, adopt, dryRun, expectedStoreId, graceMs },
            prefix: config.store.kind === 's3' ? config.store.prefix : '',
          },
          signal,
        );
      const act = { event: 'sensitive_catalog_sync', detail: `${target ?? 'all targets'}${adopt ? ', adopt' : ''}` };
      const synced = await (dryRun ? run() : audited(catalog, act, context, run, ({ problems }) => problems > 0));
      const copies = knownCopies(catalog, clock);
      const look = { catalog: records, ...copies, ring, clock, primary: dryRun ? store : null, target };
      return { ...synced, reports: [...synced.reports, ...(await unrecordedCopies(look, targets, context))] };
    } finally {
      await catalog.close();
    }
  });
  if (context.json) context.printJson(result);
  else context.print(describeSync(result));
  refuseDamage(result);
}

function refuseDamage({ problems, reports }: SyncResult): void {
  if (problems === 0) return;
  throw new AppError({
    code: 'backup/damaged',
    stage: 'catalog',
    message: `${problems === 1 ? 'One thing' : `${problems} things`} in the store could not be brought in line: ${reports[0] ?? ''}`,
    hint: 'Each is told above; everything else was done',
  });
}
