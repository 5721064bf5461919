import type { Command } from 'commander';
import type { RetentionConfig } from '#config';
import { primaryStore } from '#contracts';
import type { ExpireCopiesDeps } from '#pipeline';
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
Workers do this by themselves once a day; what would remove over half of the copies, or of those of a target, waits for
--confirm. Exit code 16 when removals need to be confirmed. Nothing goes while the primary store is away. The workers
remove what this lets go. Of a destination without a retention of its own it lets go what an earlier one had kept there
beyond the primary store: each such removal needs --confirm.

Examples:
  hazina destinations cleanup offsite --dry-run
  hazina destinations cleanup offsite --confirm 12`;

export function registerDestinationsCleanup(destinations: Command, context: CliContext): void {
  const command = destinations
    .command('cleanup')
    .description(
      "Let go the copies that the destination's own retention does not keep, with the reason for each. Needs CATALOG_MONGODB_URI.",
    )
    .argument('<name>', 'name of a destination')
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
  const config = context.config({ store: true });
  const uri = context.catalogUri();
  const upkeep = await context.upkeepConfig();
  const { audited } = await import('../audited.js');
  const { withCatalog } = await import('../open-catalog.js');
  const { withStore } = await import('../open-store.js');
  const { copiesCatalog } = await import('#catalog');
  const { changedPlace, expireCopies, findLostCopies, letOutlivedGo, requireStore } = await import('#pipeline');
  const { policyOf } = await import('#retention');
  const expired: string[] = [];
  const reports: string[] = [];
  const plan = await withCatalog({ uri }, context, async (catalog) => {
    const copies = copiesCatalog(catalog, name);
    const requireIt = async (store: ObjectStore, place: string, storeId: string | null) => {
      await requireStore(store, storeId, context.signal).catch((error: unknown) => {
        throw changedPlace(place, error);
      });
    };
    // While it is away the copies may be all that there is.
    await withStore(config, async (store) => requireIt(store, primaryStore, await catalog.settings.storeId()));
    return withStore(destination, async (store) => {
      const storeId = await catalog.settings.destinationStoreId(name);
      await requireIt(store, name, storeId);
      const lost = await findLostCopies(store, await copies.recorded(), context.signal);
      // A volume that was unmounted meanwhile shows none of them.
      await requireIt(store, name, storeId);
      for (const backupId of lost) reports.push(`${backupId} is not there: the workers copy it again`);
      const dryRun = options.dryRun === true;
      const deps: ExpireCopiesDeps = {
        ...{ store, clock: context.clock, copies },
        onExpired: ({ backupId }) => expired.push(backupId),
        onDamaged: (backupId, error) => reports.push(`${backupId} counts as pinned: ${error.message}`),
      };
      const wish = { dryRun, confirm: options.confirm ?? null, lost };
      const rulesOf = (rules: RetentionConfig) => (target: string) => {
        const known = upkeep.targets.find((one) => one.name === target);
        if (known === undefined) return null;
        return { policy: policyOf(rules, known.timezone), intervalMs: known.intervalMs };
      };
      const expire = () =>
        retention === null
          ? letOutlivedGo(deps, wish, context.signal)
          : expireCopies(deps, { ...wish, policyOf: rulesOf(retention) }, context.signal);
      const confirmed = options.confirm === undefined ? {} : { detail: `confirmed: ${options.confirm}` };
      const act = { event: 'sensitive_cleanup', resource: `destinations/${name}`, ...confirmed };
      const run = () => audited(catalog, act, context, expire, ({ confirmationNeeded }) => confirmationNeeded);
      return dryRun ? expire() : run();
    });
  });
  tell({ name, plan, expired, reports, dryRun: options.dryRun === true }, context);
  refuseUnconfirmed(plan.decisions);
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
