import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { formatBytes } from '../output/format.js';

interface Options {
  readonly header?: string;
  readonly output?: string;
}

export function registerOpen(program: Command, context: CliContext): void {
  program
    .command('open')
    .description(
      'Decrypt and decompress a downloaded file to the plain mongodump archive. Needs the key, and no store.',
    )
    .argument('<file>', 'a sealed file (data.hzn); a plain or gzipped archive is checked and passed on')
    .option('--header <sidecar>', 'header sidecar (header.hzn) that came with the file after a key rotation')
    .option('-o, --output <file>', 'file to write, - for stdout (default: FILE.archive)')
    .addHelpText('after', '\nExample:\n  hazina open data.hzn -o - | mongorestore --archive')
    .action((file: string, options: Options) => open(file, options, context));
}

async function open(file: string, options: Options, context: CliContext): Promise<void> {
  const config = context.config({ keys: 'optional' });
  const { openKeyRing } = await import('../open-store.js');
  const { readSidecarFile } = await import('../sidecar-file.js');
  const { writeArchive } = await import('../write-archive.js');
  const { fileSource } = await import('#pipeline');
  const output = options.output ?? `${file.replace(/\.hzn$/, '')}.archive`;
  const observer = context.observer();
  const source = await fileSource(file, {
    ring: await openKeyRing(config, context),
    sidecar: await readSidecarFile(options.header),
    observer,
  });
  for (const warning of source.warnings) context.warn(warning);
  observer.stage('output');
  const bytes = await writeArchive(source, output, context);
  if (output !== '-') context.say(`${output}: ${formatBytes(bytes)} of plain mongodump archive`);
}
