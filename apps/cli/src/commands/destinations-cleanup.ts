import type { Command } from 'commander';
import { AppError, primaryStore } from '#contracts';
import type { RetentionPlan } from '#retention';
import type { ObjectStore } from '#storage';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { describeDecision, refuseUnconfirmed, removals } from '../output/describe-decisions.js';
import { printable } from '../output/format.js';

interface Options {
  readonly dryRun?: true;
  readonly confirm?: number;
}

const help = `
Workers do this by themselves once a day; what would remove over half of the copies waits for --confirm. Exit code 16 when
the removals need to be confirmed. Nothing goes while the primary store is away. The workers remove what this lets go.

Examples:
  hazina destinations cleanup offsite --dry-run
  hazina destinations cleanup offsite --confirm 12`;

export function registerDestinationsCleanup(destinations: Command, context: CliContext): void {
  const command = destinations
    .command('cleanup')
    .description(
      "Let go the copies that the destination's own retention does not keep, with the reason for each. Needs CATALOG_MONGODB_URI.",
    )
    .argument('<name>', 'name of a destination that has a retention of its own')
    .option('--dry-run', 'only tell what would be done')
    .option('--confirm <number>', 'the number of removals of a dry run; asked for when over half would go', removals)
    .addHelpText('after', help);
  withJson(command).action((name: string, options: Options) => cleanup(name, options, context));
}

async function cleanup(name: string, options: Options, context: CliContext): Promise<void> {
  const { destinations } = await context.destinations();
  const { bad } = await import('../choose-backup.js');
  const destination = destinations.find((one) => one.name === name);
  if (destination === undefined) throw bad(`There is no destination ${name} in BACKUP_TARGETS_FILE`);
  const { retention } = destination;
  if (retention === null)
    throw bad(
      `${name} has no retention of its own: a copy goes when retention takes the backup from the primary store`,
    );
  const config = context.config({ store: true, catalog: true });
  const { catalog: access } = config;
  if (access === undefined)
    throw new AppError({
      ...{ code: 'config/invalid', stage: 'config' },
      message: 'CATALOG_MONGODB_URI is not set: the catalogue knows which copies stand in a destination',
      hint: 'Set CATALOG_MONGODB_URI, as for the worker',
    });
  const upkeep = await context.upkeepConfig();
  const { withCatalog } = await import('../open-catalog.js');
  const { withStore } = await import('../open-store.js');
  const { copiesCatalog } = await import('#catalog');
  const { expireCopies, findLostCopies } = await import('#pipeline');
  const { policyOf } = await import('#retention');
  const expired: string[] = [];
  const reports: string[] = [];
  const plan = await withCatalog(access, context, async (catalog) => {
    const copies = copiesCatalog(catalog, name);
    // While it is away the copies may be all that there is.
    await withStore(config, async (store) =>
      requireKnown(store, await catalog.settings.storeId(), primaryStore, context),
    );
    return withStore(destination, async (store) => {
      const requireIt = async () => requireKnown(store, await catalog.settings.destinationStoreId(name), name, context);
      await requireIt();
      const lost = await findLostCopies(store, await copies.recorded(), context.signal);
      await requireIt();
      for (const backupId of lost) reports.push(`${backupId} is not there: the workers copy it again`);
      return expireCopies(
        {
          ...{ store, clock: context.clock, copies },
          onExpired: ({ backupId }) => expired.push(backupId),
          onDamaged: (backupId, error) => reports.push(`${backupId} counts as pinned: ${error.message}`),
        },
        {
          ...{ dryRun: options.dryRun === true, confirm: options.confirm ?? null, lost },
          policyOf: (target) => {
            const known = upkeep.targets.find((one) => one.name === target);
            if (known === undefined) return null;
            return { policy: policyOf(retention, known.timezone), intervalMs: known.intervalMs };
          },
        },
        context.signal,
      );
    });
  });
  tell({ name, plan, expired, reports, dryRun: options.dryRun === true }, context);
  refuseUnconfirmed(plan.decisions);
}

/** What stands there must be the store that it was; or the next step is said for this place. */
async function requireKnown(
  store: ObjectStore,
  storeId: string | null,
  name: string,
  { signal }: CliContext,
): Promise<void> {
  const { requireStore } = await import('#pipeline');
  try {
    await requireStore(store, storeId, signal);
  } catch (thrown) {
    const error = AppError.from(thrown, 'store');
    if (error.code !== 'store/changed') throw error;
    throw new AppError({
      ...{ code: error.code, stage: error.stage, cause: error },
      message: `${name === primaryStore ? 'The primary store' : `Destination ${name}`}: ${error.message}`,
      hint: `Is the volume mounted, and are bucket and prefix the right ones? If an empty store shall take its place: hazina destinations accept ${name}`,
    });
  }
}

interface Told {
  readonly name: string;
  readonly plan: RetentionPlan;
  readonly expired: readonly string[];
  readonly reports: readonly string[];
  readonly dryRun: boolean;
}

function tell({ name, plan, expired, reports, dryRun }: Told, context: CliContext): void {
  if (context.json) {
    context.printJson({ destination: name, dryRun, ...plan, expired, reports });
    return;
  }
  const copies = expired.length === 1 ? 'copy' : 'copies';
  context.print(
    [
      ...plan.decisions.map(describeDecision),
      ...reports.map((report) => `NOTE             ${printable(report)}`),
      dryRun
        ? `${expired.length} ${copies} would be removed from ${name}`
        : `${expired.length} ${copies} given to the workers, which remove them from ${name}`,
    ].join('\n'),
  );
}
