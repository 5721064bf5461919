import type { Command } from 'commander';
import { AppError } from '#contracts';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { formatTable } from '../output/format.js';

export function registerStorage(program: Command, context: CliContext): void {
  const storage = program.command('storage').description('Look at the store that backups lie in.');
  const check = storage
    .command('check')
    .description(
      'Try what backups need of the store: put, get, head, list, delete, multipart, conditional write, checksums, clock. Leaves nothing behind.',
    );
  withJson(check).action(() => checkStorage(context));
}

async function checkStorage(context: CliContext): Promise<void> {
  const config = context.config({ store: true });
  const { withStore } = await import('../open-store.js');
  const { checkStore } = await import('#storage');
  await withStore(config, async (store) => {
    const findings = await checkStore(store, { clock: context.clock, random: context.random, signal: context.signal });
    if (context.json) context.printJson({ location: store.location, findings });
    else context.print(table(store.location, findings));
    for (const { check, doubtful, hint } of findings)
      if (doubtful === true && hint !== undefined) context.warn(`${check}: ${hint}`);
    const failed = findings.filter(({ ok }) => !ok);
    const [first] = failed;
    if (first === undefined) return;
    throw new AppError({
      code: first.code ?? 'store/failed',
      stage: 'store',
      message: `${store.location} failed ${failed.map(({ check }) => check).join(', ')}: ${first.detail}`,
      hint: first.hint ?? 'Each check that failed stands above, with what the store said',
    });
  });
}

function table(location: string, findings: readonly { check: string; ok: boolean; detail: string }[]): string {
  const rows = findings.map(({ check, ok, detail }) => [ok ? 'ok' : 'FAILED', check, detail]);
  return `${location}\n${formatTable(rows)}`;
}
