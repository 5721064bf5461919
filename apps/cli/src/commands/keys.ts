import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { withJson } from '../options.js';
import { registerKeysCheck } from './keys-check.js';
import { registerKeysList } from './keys-list.js';
import { registerKeysRecoveryKit } from './keys-recovery-kit.js';
import { registerKeysRotate } from './keys-rotate.js';

export function registerKeys(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('Care for the keys that backups are sealed with.');
  const generate = keys
    .command('generate')
    .description('Print a new random key of 256 bits, the form that BACKUP_ENCRYPTION_KEY takes best.')
    .addHelpText(
      'after',
      '\nExample:\n  hazina keys generate > backup.key && chmod 600 backup.key\n  export BACKUP_ENCRYPTION_KEY_FILE=$PWD/backup.key',
    );
  withJson(generate).action(() => generateKey(context));
  registerKeysList(keys, context);
  registerKeysCheck(keys, context);
  registerKeysRotate(keys, context);
  registerKeysRecoveryKit(keys, context);
}

async function generateKey(context: CliContext): Promise<void> {
  const { generateKey: generate, KeyRing, parseKey } = await import('#crypto');
  const text = generate(context.random);
  const { key } = parseKey(text, 'the new key');
  const [made] = await new KeyRing({ current: [key], retired: [] }).keyIds('0'.repeat(32));
  if (context.json) {
    context.printJson({ key: text.reveal(), keyId: made?.keyId });
    return;
  }
  context.print(text.reveal());
  context.say(
    `Key ${made?.keyId ?? ''}. Keep a copy apart from the backups: without it no backup can be opened, by anybody.`,
  );
}
