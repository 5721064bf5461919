import type { Command } from 'commander';
import { AppError, primaryStore } from '#contracts';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { formatBytes, formatTable } from '../output/format.js';
import { registerDestinationsCleanup } from './destinations-cleanup.js';
import { registerDestinationsCopy } from './destinations-copy.js';

export function registerDestinations(program: Command, context: CliContext): void {
  const destinations = program.command('destinations').description('Places that backups are copied to.');
  const list = destinations
    .command('list')
    .description('List them, and with CATALOG_MONGODB_URI how many copies of backups are in which state there.');
  withJson(list).action(() => listDestinations(context));
  destinations
    .command('accept')
    .description(
      'Take the store that stands there now, although it is not the one that backups were copied to: an emptied bucket, a new volume. Every backup is copied there again. Needs CATALOG_MONGODB_URI.',
    )
    .argument(
      '<name>',
      'name of the destination, or primary: what an emptied primary store has lost comes back from the destinations',
    )
    .action((name: string) => accept(name, context));
  registerDestinationsCopy(destinations, context);
  registerDestinationsCleanup(destinations, context);
}

async function listDestinations(context: CliContext): Promise<void> {
  const { destinations } = await context.destinations();
  const { catalog: access } = context.config({ catalog: true });
  const { withCatalog } = await import('../open-catalog.js');
  const { createStore } = await import('#storage');
  const { quotaState } = await import('#notify');
  const known =
    access === undefined
      ? null
      : await withCatalog(access, context, async ({ copies }) => ({
          counts: await copies.counts(),
          used: await Promise.all(
            destinations.map(async ({ name }) => (await copies.storageHistory(name, context.clock.now())).usedBytes),
          ),
        }));
  const listed = await Promise.all(
    destinations.map(async ({ name, store: options, quota }, at) => {
      const store = await createStore(options);
      await store.close();
      const own = known?.counts.filter(({ destination }) => destination === name);
      const copies = own === undefined ? null : Object.fromEntries(own.map(({ state, count }) => [state, count]));
      const usedBytes = known?.used[at] ?? null;
      const state = usedBytes === null ? null : quotaState(quota?.bytes ?? null, usedBytes);
      const ofQuota = quota === undefined ? null : { ...quota, state };
      return { name, location: store.location, copies, usedBytes, quota: ofQuota };
    }),
  );
  if (context.json) context.printJson({ destinations: listed });
  else if (listed.length === 0) context.say('No destinations: backups lie in the primary store alone');
  else
    context.print(
      formatTable([
        ['DESTINATION', 'LOCATION', 'COPIES', 'USED'],
        ...listed.map(({ name, location, copies, usedBytes, quota }) => [
          ...[name, location, copies === null ? '' : inWords(copies)],
          usedBytes === null ? '' : usedInWords(usedBytes, quota),
        ]),
      ]),
    );
}

function inWords(copies: Readonly<Record<string, number>>): string {
  return Object.entries(copies)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}

function usedInWords(
  usedBytes: number,
  quota: { readonly bytes: number; readonly state: string | null } | null,
): string {
  if (quota === null) return formatBytes(usedBytes);
  const share = `${((100 * usedBytes) / quota.bytes).toFixed(1)} % of ${formatBytes(quota.bytes)}`;
  return quota.state === 'ok' ? share : `${share} (${quota.state ?? ''})`;
}

async function accept(name: string, context: CliContext): Promise<void> {
  const { destinations } = await context.destinations();
  const { bad } = await import('../choose-backup.js');
  if (name !== primaryStore && !destinations.some((destination) => destination.name === name))
    throw bad(`There is no destination ${name} in BACKUP_TARGETS_FILE`);
  const { catalog: access } = context.config({ catalog: true });
  if (access === undefined)
    throw new AppError({
      ...{ code: 'config/invalid', stage: 'config' },
      message: 'CATALOG_MONGODB_URI is not set: the catalogue knows which store a destination is',
      hint: 'Set CATALOG_MONGODB_URI, as for the worker',
    });
  const { audited } = await import('../audited.js');
  const { withCatalog } = await import('../open-catalog.js');
  const act = { event: 'sensitive_store_accept', resource: name };
  if (name === primaryStore) {
    const { acceptPrimary } = await import('./accept-primary.js');
    await withCatalog(access, context, (catalog) =>
      audited(catalog, act, context, () => acceptPrimary(catalog, context)),
    );
    return;
  }
  const copies = await withCatalog(access, context, (catalog) =>
    audited(catalog, act, context, async () => {
      await catalog.settings.forgetDestination(name);
      return catalog.copies.startAnew(name);
    }),
  );
  context.say(`${name}: the workers take the store that stands there now, and copy ${copies} backups to it`);
}
