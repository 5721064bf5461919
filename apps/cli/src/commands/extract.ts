import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { formatBytes } from '../output/format.js';

export function registerExtract(program: Command, context: CliContext): void {
  program
    .command('extract')
    .description('Decrypt and decompress a backup to the plain mongodump archive.')
    .argument('<id>', 'ID of a backup')
    .option('-o, --output <file>', 'file to write, - for stdout (default: ID.archive)')
    .addHelpText('after', '\nExample:\n  hazina extract ID -o - | mongorestore --archive')
    .action((id: string, options: { output?: string }) => extract(id, options.output ?? `${id}.archive`, context));
}

async function extract(id: string, output: string, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { chooseBackup } = await import('../choose-backup.js');
  const { writeArchive } = await import('../write-archive.js');
  const { backupSource, proveBackup } = await import('#pipeline');
  const ring = await requireKeyRing(config, context, 'open');
  await withStore(config, async (store) => {
    await chooseBackup(store, { id, latest: false }, context);
    const proven = await proveBackup({ store, ring }, id, context.signal);
    for (const warning of proven.warnings) context.warn(warning);
    const observer = context.observer();
    observer.stage('output');
    const bytes = await writeArchive(backupSource({ store, ring, observer }, proven), output, context);
    if (output !== '-') context.say(`${output}: ${formatBytes(bytes)} of plain mongodump archive`);
  });
}
