import type { Command } from 'commander';
import type { KeyProof } from '#pipeline';
import type { CliContext } from '../context.js';
import { targetName, withFrom, withJson } from '../options.js';
import { plural } from '../output/format.js';

interface Options {
  readonly target?: string;
  readonly from?: string;
}

export function registerKeysCheck(keys: Command, context: CliContext): void {
  const check = keys
    .command('check')
    .description('Prove that every backup opens with the keys at hand. Reads headers only and changes nothing.')
    .option('--target <name>', 'only backups of this target', targetName)
    .addHelpText('after', help);
  withJson(withFrom(check)).action((options: Options) => checkKeysOf(options, context));
}

const help = `
Of each backup both objects must be there in full size; a slot of each header (or of the sidecar that a rotation left)
must open with a key at hand, and the header's checksum, made with the data key in that slot, must be right. The data
itself is not read: hazina verify does that. A failure stops nothing: every backup is looked at.

Copies in destinations follow a rotation later, and one that is kept longer there than its backup here does not: look at
them with --from NAME before a retired key goes.

Where only public keys are at hand (BACKUP_RECIPIENTS), the papers of each backup are compared, and the end is exit
code 13 with keys/write-only: nothing is wrong, and nothing is proven either.

Exit codes: 0 all open, 13 one does not open with the keys at hand, 11 one is damaged (13 when both), 14 the store
cannot be read.`;

async function checkKeysOf({ target, from }: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { storeFrom } = await import('../from-destination.js');
  const { checkKeys, failureOfKeys, judgeKeys, unprovenOfKeys } = await import('#pipeline');
  const ring = await requireKeyRing(config, context, 'name');
  await withStore(await storeFrom(config, from, context), async (store) => {
    const proofs = await checkKeys({ store, ring }, { target }, context.signal, (proof) => tell(proof, context));
    if (context.json) context.printJson({ results: proofs.map(resultOf) });
    else if (proofs.length === 0) context.say(`No backups in ${store.location}`);
    else {
      const { opened, sealedAway, uses } = judgeKeys(proofs);
      const used = Object.entries(uses).map(([keyId, count]) => `${keyId}: ${count}`);
      const away = sealedAway.length === 0 ? '' : `, ${sealedAway.length} are sealed for recipients alone`;
      context.say(`${opened} of ${plural(proofs.length, 'backup')} open${away}. Backups by key: ${used.join(', ')}`);
    }
    const failure = failureOfKeys(proofs) ?? unprovenOfKeys(proofs);
    if (failure !== undefined) throw failure;
  });
}

function tell({ backupId, error, keyIds, warnings }: KeyProof, context: CliContext): void {
  for (const warning of warnings) context.warn(warning);
  if (context.json) return;
  if (error?.code === 'keys/write-only') {
    context.print(`sealed  ${backupId}  for ${keyIds.join(', ')}: the private key is not here`);
    return;
  }
  context.print(
    error === null
      ? `ok      ${backupId}  ${keyIds.join(', ')}`
      : `FAILED  ${backupId}  ${error.message} (${error.code})`,
  );
}

function resultOf({ backupId, error, keyIds, warnings }: KeyProof): object {
  const told = error === null ? null : { code: error.code, message: error.message, hint: error.hint ?? null };
  return { backupId, ok: error === null, keyIds, error: told, warnings };
}
