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
    .option('--recipient', 'a pair: the private key that opens on stdout, the public key that only seals on stderr')
    .addHelpText(
      'after',
      '\nWith --recipient a worker is given the public key alone (BACKUP_RECIPIENTS): it backs up, and cannot read what it wrote.\nThe private key goes where backups are restored and verified (BACKUP_ENCRYPTION_KEY there), and into the safe.\n\nExample:\n  hazina keys generate > backup.key && chmod 600 backup.key\n  export BACKUP_ENCRYPTION_KEY_FILE=$PWD/backup.key',
    );
  withJson(generate).action((options: { readonly recipient?: true }) =>
    options.recipient === true ? generatePair(context) : generateKey(context),
  );
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

async function generatePair(context: CliContext): Promise<void> {
  const { generateRecipient, nameKeys } = await import('#crypto');
  const { privateKey, publicKey } = generateRecipient(context.random);
  const given = { current: { variable: 'the new key', text: privateKey }, retired: [] };
  const [made] = await nameKeys(given, null);
  if (context.json) {
    context.printJson({ privateKey: privateKey.reveal(), publicKey, keyId: made?.keyId });
    return;
  }
  context.print(privateKey.reveal());
  context.say(
    `Private key ${made?.keyId ?? ''}: it opens. Keep a copy apart from the backups: without it no backup that was sealed for it can be opened, by anybody.`,
  );
  context.say(`Its public key, for BACKUP_RECIPIENTS, which only seals and is no secret:\n${publicKey}`);
}
