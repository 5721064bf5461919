import type { Command } from 'commander';
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
  const config = context.config({ store: true });
  const { withStore } = await import('../open-store.js');
  const { chooseBackup } = await import('../choose-backup.js');
  const { deleteBackup } = await import('#pipeline');
  await withStore(config, async (store) => {
    await chooseBackup(store, { id, latest: false }, context);
    const { objects } = await deleteBackup({ store, clock: context.clock }, { backupId: id, force }, context.signal);
    if (context.json) context.printJson({ backupId: id, deleted: true });
    else context.print(`Deleted ${id} (${formatBytes(objects.data.bytes + objects.manifest.bytes)})`);
  });
}
