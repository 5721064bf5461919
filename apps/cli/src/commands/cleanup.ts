import type { Command } from 'commander';
import type { UpkeepConfig } from '#config';
import type { CleanupResult } from '#contracts';
import type { CleanupCatalog, CleanupRequest } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from '../context.js';
import { targetName, withJson } from '../options.js';
import { describeDecision, isUnconfirmed, refuseUnconfirmed, removals } from '../output/describe-decisions.js';
import { formatBytes, plural, printable } from '../output/format.js';

interface Options {
  readonly target?: string;
  readonly dryRun?: true;
  readonly confirm?: number;
}

export function registerCleanup(program: Command, context: CliContext): void {
  const command = program
    .command('cleanup')
    .description(
      'Remove the backups that no retention rule keeps, and what unfinished runs left behind. Tells the reason for each.',
    )
    .option('--target <name>', 'only this target', targetName)
    .option('--dry-run', 'only tell what would be done')
    .option('--confirm <number>', 'the number of removals of a dry run; asked for when over half would go', removals)
    .addHelpText('after', help);
  withJson(command).action((options: Options) => run(options, context));
}

const help = `
The rules are BACKUP_RETENTION_DAYS, BACKUP_KEEP_* and BACKUP_MIN_KEEP, or those of BACKUP_TARGETS_FILE; a target that
the configuration does not name keeps everything. Never removed: the last good backup, the last verified one, a pinned,
locked or used one. With a key set, a backup whose dates nothing proves is kept. With CATALOG_MONGODB_URI the records
follow; without it the store alone decides. Exit code 16 when removals need to be confirmed: nothing is removed when over
half of all would go, nothing of a target alone that would lose over half of its own. Confirmed is the number of both.

Examples:
  hazina cleanup --dry-run
  hazina cleanup --target clinic --confirm 12`;

async function run(options: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'optional', catalog: true });
  const upkeep = await context.upkeepConfig();
  const { readingKeyRing, withStore } = await import('../open-store.js');
  const ring = await readingKeyRing(config, context);
  const request = await requestOf(options, upkeep);
  const result = await withStore(config, async (store) => {
    const { runCleanup } = await import('#pipeline');
    const deps = { store, clock: context.clock, observer: context.observer() };
    const { catalog: access } = config;
    if (access === undefined) {
      const own = { ...request, expectedStoreId: null };
      return runCleanup({ ...deps, ...(ring === undefined ? {} : { ring }) }, own, context.signal);
    }
    const { audited } = await import('../audited.js');
    const { ownerOf, withCatalog } = await import('../open-catalog.js');
    const { cleanupCatalog } = await import('#catalog');
    const by = `hazina cleanup (${ownerOf(context)})`;
    const { recordRetentionDays } = upkeep;
    return withCatalog(access, context, (catalog) => {
      const records = cleanupCatalog(catalog, { clock: context.clock, by, recordRetentionDays });
      const clean = async () =>
        runCleanup(
          { ...deps, catalog: await withSightings(records, store, context) },
          { ...request, expectedStoreId: await catalog.settings.storeId() },
          context.signal,
        );
      const { confirm = null, target = 'all targets' } = options;
      const detail = `${target}${confirm === null ? '' : `, confirmed: ${confirm}`}`;
      const act = { event: 'sensitive_cleanup', detail };
      return request.dryRun
        ? clean()
        : audited(catalog, act, context, clean, ({ decisions }) => isUnconfirmed(decisions));
    });
  });
  if (context.json) context.printJson(result);
  else context.print(describe(result));
  refuseUnconfirmed(result.decisions);
}

async function withSightings(
  records: Omit<CleanupCatalog, 'readSightings' | 'writeSightings'>,
  store: ObjectStore,
  { signal }: CliContext,
): Promise<CleanupCatalog> {
  const { readSightingsFile, writeSightingsFile } = await import('#pipeline');
  return {
    ...records,
    readSightings: () => readSightingsFile(store, signal),
    writeSightings: (sightings) => writeSightingsFile(store, sightings, signal),
  };
}

async function requestOf(options: Options, upkeep: UpkeepConfig): Promise<Omit<CleanupRequest, 'expectedStoreId'>> {
  const { policyOf } = await import('#retention');
  return {
    target: options.target ?? null,
    dryRun: options.dryRun === true,
    confirm: options.confirm ?? null,
    graceMs: upkeep.orphanGraceMs,
    policyOf: (name) => {
      const target = upkeep.targets.find((one) => one.name === name);
      if (target === undefined) return null;
      return { policy: policyOf(target.retention, target.timezone), intervalMs: target.intervalMs };
    },
  };
}

function describe(result: CleanupResult): string {
  const { dryRun, decisions, reports } = result;
  const wanted = decisions.filter(({ decision }) => decision === 'remove').length;
  const removed = dryRun
    ? `${plural(wanted, 'backup')} would be removed`
    : `${plural(result.removed, 'backup')} removed, ${plural(result.orphansRemoved, 'orphan')} removed, ${formatBytes(result.freedBytes)} freed`;
  return [
    ...decisions.map(describeDecision),
    ...reports.map((report) => `NOTE             ${printable(report)}`),
    removed,
  ].join('\n');
}
