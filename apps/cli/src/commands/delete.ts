import type { Command } from 'commander';
import type { CatalogAccess } from '#config';
import { isBackupId } from '#contracts';
import type { ObjectStore } from '#storage';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { formatBytes } from '../output/format.js';

export function registerDelete(program: Command, context: CliContext): void {
  const command = program
    .command('delete')
    .description('Remove one backup for good. Refuses a pinned one, and the last one of its target unless forced.')
    .argument('<id>', 'ID of a backup')
    .option('--force', 'also when it is the last backup of its target');
  withJson(command).action((id: string, options: { force?: true }) => remove(id, options.force === true, context));
}

async function remove(id: string, force: boolean, context: CliContext): Promise<void> {
  const config = context.config({ store: true, catalog: true });
  const { withStore } = await import('../open-store.js');
  const { chooseBackup } = await import('../choose-backup.js');
  const { deleteBackup } = await import('#pipeline');
  const { catalog: access } = config;
  const freedBytes = await withStore(config, async (store) => {
    if (access !== undefined) {
      const freed = await removeRecorded(id, force, store, access, context);
      if (freed !== null) return freed;
    }
    await chooseBackup(store, { id, latest: false }, context);
    const { objects } = await deleteBackup({ store, clock: context.clock }, { backupId: id, force }, context.signal);
    return objects.data.bytes + objects.manifest.bytes;
  });
  if (context.json) context.printJson({ backupId: id, deleted: true });
  else context.print(`Deleted ${id} (${formatBytes(freedBytes)})`);
}

/** By its record; null when the catalogue has none of it: then the bucket alone decides. */
async function removeRecorded(
  id: string,
  force: boolean,
  store: ObjectStore,
  access: CatalogAccess,
  context: CliContext,
): Promise<number | null> {
  const { ownerOf, withCatalog } = await import('../open-catalog.js');
  const { deleteRecorded } = await import('../recorded-delete.js');
  return withCatalog(access, context, async (catalog) => {
    if (!isBackupId(id) || (await catalog.backups.find(id)) === null) return null;
    const by = `hazina delete (${ownerOf(context)})`;
    return deleteRecorded({ catalog, store, clock: context.clock }, { backupId: id, force, by }, context.signal);
  });
}
