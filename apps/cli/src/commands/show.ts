import type { Command } from 'commander';
import type { BackupJson } from '#contracts';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { describeBackup } from '../output/describe-backup.js';

export function registerShow(program: Command, context: CliContext): void {
  const command = program
    .command('show')
    .description(
      'Show one backup: what it holds, where it lies, what to know of it. With a key also what its sealed manifest tells.',
    )
    .argument('<id>', 'ID of a backup');
  withJson(command).action((id: string) => show(id, context));
}

async function show(id: string, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'optional' });
  const { readingKeyRing, withStore } = await import('../open-store.js');
  const { chooseBackup } = await import('../choose-backup.js');
  const { proveBackup } = await import('#pipeline');
  const ring = await readingKeyRing(config, context);
  await withStore(config, async (store) => {
    const backup = await chooseBackup(store, { id, latest: false }, context);
    const proven = ring === undefined ? undefined : await proveBackup({ store, ring }, id, context.signal);
    for (const warning of proven?.warnings ?? []) context.warn(warning);
    const warnings = proven?.manifest.warnings ?? warningsWithoutKey(backup);
    if (context.json) context.printJson({ ...backup, warnings });
    else
      context.print(
        describeBackup(backup, { warnings, location: store.location, namespaces: proven?.manifest.namespaces }),
      );
  });
}

/** The warnings are sealed in the manifest; that nothing was there to back up shows from outside. */
function warningsWithoutKey({ totals }: BackupJson): string[] {
  const empty = totals.collections + totals.views + totals.documents === 0;
  return empty ? ['empty: the backup holds no collection'] : [];
}
