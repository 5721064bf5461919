import type { Command } from 'commander';
import type { Catalog } from '#catalog';
import type { CatalogAccess } from '#config';
import { AppError, isBackupId } from '#contracts';
import type { ObjectStore } from '#storage';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { formatBytes } from '../output/format.js';

export function registerDelete(program: Command, context: CliContext): void {
  const command = program
    .command('delete')
    .description('Remove one backup for good. Refuses a pinned one, and the last one of its target unless forced.')
    .argument('<id>', 'ID of a backup')
    .option('--force', 'also when it is the last backup of its target')
    .option('--from <name>', 'a copy that stands in this destination alone: the primary store has it no more');
  withJson(command).action((id: string, options: Options) => remove(id, options, context));
}

interface Options {
  readonly force?: true;
  readonly from?: string;
}

async function remove(id: string, options: Options, context: CliContext): Promise<void> {
  const { from = 'primary' } = options;
  const force = options.force === true;
  const freedBytes =
    from === 'primary' ? await removeBackup(id, force, context) : await removeCopy(id, from, force, context);
  if (context.json) context.printJson({ backupId: id, deleted: true });
  else context.print(`Deleted ${id}${from === 'primary' ? '' : ` in ${from}`} (${formatBytes(freedBytes)})`);
}

async function removeBackup(id: string, force: boolean, context: CliContext): Promise<number> {
  const config = context.config({ store: true, catalog: true });
  const { withStore } = await import('../open-store.js');
  const { catalog: access } = config;
  return withStore(config, (store) =>
    access === undefined || !isBackupId(id)
      ? removeIn(store, id, force, context)
      : removeRecorded(id, force, store, access, context),
  );
}

/** By the store alone. */
async function removeIn(store: ObjectStore, id: string, force: boolean, context: CliContext): Promise<number> {
  const { chooseBackup } = await import('../choose-backup.js');
  const { deleteBackup } = await import('#pipeline');
  await chooseBackup(store, { id, latest: false }, context);
  const { objects } = await deleteBackup({ store, clock: context.clock }, { backupId: id, force }, context.signal);
  return objects.data.bytes + objects.manifest.bytes;
}

/** What the primary store has, or a record says, is copied there again. By the destination alone: a pin, a lock, the last one there. */
async function removeCopy(id: string, from: string, force: boolean, context: CliContext): Promise<number> {
  const config = context.config({ store: true, catalog: true });
  const { withStore } = await import('../open-store.js');
  const { bad } = await import('../choose-backup.js');
  const { storeFrom } = await import('../from-destination.js');
  if (!isBackupId(id)) throw bad(`"${id}" is no backup ID`);
  const named = await storeFrom(config, from, context);
  const status = await statusOf(id, config.catalog, context);
  if (status !== null && status !== 'deleted') throw wanted(id, from, `its record is ${status}`);
  if (await withStore(config, (store) => standsIn(store, id, context)))
    throw wanted(id, from, 'it stands in the primary store');
  const { auditedIfAny } = await import('../audited.js');
  return withStore(named, (store) =>
    auditedIfAny({ event: 'sensitive_delete', resource: id, detail: `${detailOf(force)}, in ${from}` }, context, () =>
      removeIn(store, id, force, context),
    ),
  );
}

/** Null: there is no record of it, or no catalogue. */
async function statusOf(id: string, access: CatalogAccess | undefined, context: CliContext): Promise<string | null> {
  if (access === undefined) return null;
  const { withCatalog } = await import('../open-catalog.js');
  const find = async ({ backups }: Catalog): Promise<string | null> => (await backups.find(id))?.status ?? null;
  return withCatalog({ uri: access.uri, readOnly: true }, context, find);
}

async function standsIn(store: ObjectStore, id: string, context: CliContext): Promise<boolean> {
  const { requireBackupJson } = await import('#pipeline');
  try {
    await requireBackupJson(store, id, context.signal);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'backup/not-found') return false;
    throw error;
  }
}

function wanted(id: string, from: string, why: string): AppError {
  return new AppError({
    ...{ code: 'backup/refused', stage: 'delete' },
    message: `${id} was not deleted in ${from}: ${why}, and it would be copied there again`,
    hint: `hazina delete ${id} removes it everywhere`,
  });
}

function detailOf(force: boolean): string {
  return force ? 'force' : 'no force';
}

/** By its record; where the catalogue has none of it the bucket alone decides. */
async function removeRecorded(
  id: string,
  force: boolean,
  store: ObjectStore,
  access: CatalogAccess,
  context: CliContext,
): Promise<number> {
  const { audited } = await import('../audited.js');
  const { ownerOf, withCatalog } = await import('../open-catalog.js');
  const { deleteRecorded } = await import('../recorded-delete.js');
  return withCatalog(access, context, (catalog) =>
    audited(catalog, { event: 'sensitive_delete', resource: id, detail: detailOf(force) }, context, async () => {
      if ((await catalog.backups.find(id)) === null) return removeIn(store, id, force, context);
      const by = `hazina delete (${ownerOf(context)})`;
      return deleteRecorded({ catalog, store, clock: context.clock }, { backupId: id, force, by }, context.signal);
    }),
  );
}
