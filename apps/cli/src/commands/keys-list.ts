import type { Command } from 'commander';
import type { NamedKey } from '#crypto';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { formatTable } from '../output/format.js';

export function registerKeysList(keys: Command, context: CliContext): void {
  const list = keys
    .command('list')
    .description('The keys at hand by id, form and state; never a key.')
    .addHelpText(
      'after',
      '\nactive seals new backups and opens old ones, retired only opens. A passphrase has an id of its own in every store: the\nstore is looked at only when there is one. Of X25519 keys the public half is shown, for BACKUP_RECIPIENTS: no secret.',
    );
  withJson(list).action(() => listKeys(context));
}

async function listKeys(context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { nameKeys, openKeys } = await import('#crypto');
  const { readStoreIdentity } = await import('#pipeline');
  const ring = await requireKeyRing(config, context, 'name');
  const salt = ring.holdsPassphrase
    ? await withStore(config, async (store) => (await readStoreIdentity(store, context.signal))?.kdfSalt ?? null)
    : null;
  const keys = await nameKeys((await openKeys(config.keys, () => undefined)).given, salt);
  if (context.json) context.printJson({ keys });
  else context.print(formatTable(keys.map(rowOf)));
}

function rowOf({ keyId, form, state, variable, publicKey = '' }: NamedKey): string[] {
  return [keyId ?? '(no id before the first backup)', form, state, variable, publicKey];
}
