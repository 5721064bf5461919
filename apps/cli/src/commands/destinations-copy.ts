import type { Command } from 'commander';
import { AppError, isBackupId } from '#contracts';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { formatBytes } from '../output/format.js';

interface Options {
  readonly from: string;
  readonly to: string;
}

export function registerDestinationsCopy(destinations: Command, context: CliContext): void {
  const command = destinations
    .command('copy')
    .description(
      'Copy a backup, as it is stored, from one place to another: to bring back what the primary store has lost, for instance. What stands there is read and replaced where it is not right. Needs no key.',
    )
    .argument('<id>', 'ID of a backup')
    .option('--from <name>', 'a destination, or primary', 'primary')
    .option('--to <name>', 'a destination, or primary', 'primary');
  withJson(command).action((id: string, options: Options) => copy(id, options, context));
}

async function copy(backupId: string, { from, to }: Options, context: CliContext): Promise<void> {
  const { bad } = await import('../choose-backup.js');
  if (!isBackupId(backupId)) throw bad(`"${backupId}" is no backup ID`);
  if (from === to) throw bad('--from and --to name the same place: give a destination for one of them');
  const config = context.config({ store: true });
  const { storeFrom } = await import('../from-destination.js');
  const { withStore } = await import('../open-store.js');
  const { paceOf, requireBackupJson, runCopy } = await import('#pipeline');
  await refuseDeleted(backupId, context);
  const [source, sink] = [await storeFrom(config, from, context), await storeFrom(config, to, context)];
  const quota = to === 'primary' ? undefined : sink.quota;
  const rate = to === 'primary' ? config.storeThrottleBytesPerSecond : (sink.throttleBytesPerSecond ?? null);
  await withStore(source, (fromStore) =>
    withStore(sink, async (toStore) => {
      if (quota?.policy === 'refuse') {
        const { requireRoomForCopy } = await import('../quota.js');
        const { objects } = await requireBackupJson(fromStore, backupId, context.signal);
        const wanted = { backupId, bytes: objects.data.bytes + objects.manifest.bytes };
        await requireRoomForCopy({ name: to, store: toStore, quota }, wanted, context.signal);
      }
      const request = { backupId, thorough: true, keepsSmall: to === 'primary' };
      const stores = { from: fromStore, to: toStore, ...paceOf(rate, context.clock) };
      const { objects, bytes } = await runCopy(stores, request, context.signal);
      if (context.json) context.printJson({ backupId, from, to, objects, bytes });
      else context.say(`${backupId}: ${objects} objects copied from ${from} to ${to} (${formatBytes(bytes)})`);
    }),
  );
}

/** Where records are kept: what was deleted would be removed again by the next cleanup, and nobody would be told. */
async function refuseDeleted(backupId: string, context: CliContext): Promise<void> {
  const { catalog: access } = context.config({ catalog: true });
  if (access === undefined) return;
  const { withCatalog } = await import('../open-catalog.js');
  const status = await withCatalog(
    access,
    context,
    async ({ backups }) => (await backups.find(backupId))?.status ?? null,
  ).catch((error: unknown) => {
    throw withoutCatalog(AppError.from(error, 'catalog'));
  });
  if (status !== 'deleted' && status !== 'deleting') return;
  throw new AppError({
    ...{ code: 'backup/refused', stage: 'store' },
    message: `The record of ${backupId} is ${status}: a copy would be removed again by the service`,
    hint: 'To restore it, name the place in which it stands: hazina restore ID --from NAME. To copy it all the same, do so without CATALOG_MONGODB_URI to a place that the service does not know',
  });
}

function withoutCatalog(error: AppError): AppError {
  if (error.retry !== 'retry') return error;
  const { code, stage, message, details } = error;
  return new AppError({
    ...{ code, stage, message, details, retry: 'retry', cause: error },
    hint: 'Whether its record is deleted cannot be asked. To copy it all the same, unset CATALOG_MONGODB_URI for this command',
  });
}
