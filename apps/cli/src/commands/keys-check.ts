import type { Command } from 'commander';
import { AppError, saysUnasked } from '#contracts';
import type { KeyProof } from '#pipeline';
import type { CliContext } from '../context.js';
import type { LookedAt } from '../no-backup-of.js';
import { targetName, withFrom, withJson } from '../options.js';
import { errorJson } from '../output/error-json.js';
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

Copies are looked at too, in every destination of BACKUP_TARGETS_FILE; with --from only those of one place. A retired key
may go when all of them open without it.

Where only public keys are at hand (BACKUP_RECIPIENTS), the papers of each backup are compared, and the end is exit
code 13 with keys/write-only: nothing is wrong, and nothing is proven either.

Exit codes: 0 all open, or there is none yet, 2 none of --target, 13 one does not open with the keys at hand, 11 one is damaged (13 when both), 14 the store
cannot be read, or AWS KMS could not be asked.`;

/** Of a backup in one of the places. */
type PlacedProof = KeyProof & { readonly place: string };

async function checkKeysOf({ target, from }: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { storesFrom } = await import('../from-destination.js');
  const { lookForTargets, noBackupOf } = await import('../no-backup-of.js');
  const { checkKeys, failureOfKeys, judgeKeys, requireCopies, unprovenOfKeys } = await import('#pipeline');
  const ring = await requireKeyRing(config, context, 'name');
  const places = await storesFrom(config, from, context);
  const proofs: PlacedProof[] = [];
  const without: LookedAt[] = [];
  const failures: { readonly place: string; readonly error: AppError }[] = [];
  for (const named of places) {
    const look = withStore(named, async (store) => {
      if (named.name !== 'primary') await requireCopies(named.name, store, context.signal);
      const found = await checkKeys({ store, ring }, { target }, context.signal, (proof) =>
        tell({ ...proof, place: named.name }, places.length > 1, context),
      );
      proofs.push(...found.map((proof) => ({ ...proof, place: named.name })));
      if (found.length > 0) return;
      if (target !== undefined) without.push(await lookForTargets(store, context.signal));
      else if (!context.json) context.say(`No backups in ${store.location}`);
    });
    await look.catch((thrown: unknown) => {
      const error = AppError.from(thrown, 'verify');
      // Of one place it is the end; of several the others are looked at first.
      if (places.length === 1 || context.signal.aborted) throw error;
      context.warn(`${named.name} could not be looked at: ${error.message}`);
      failures.push({ place: named.name, error });
    });
  }
  if (target !== undefined && proofs.length + failures.length === 0) throw noBackupOf(target, without);
  if (context.json)
    context.printJson({
      results: proofs.map(resultOf),
      ...(places.length > 1
        ? { failed: failures.map(({ place, error }) => ({ place, error: errorJson(error) })) }
        : {}),
    });
  else if (proofs.length > 0) {
    const { opened, sealedAway, uses } = judgeKeys(proofs);
    const used = Object.entries(uses).map(([keyId, count]) => `${keyId}: ${count}`);
    const away = sealedAway.length === 0 ? '' : `, ${sealedAway.length} are sealed for recipients alone`;
    const where = places.length === 1 ? '' : ` in ${places.map(({ name }) => name).join(', ')}`;
    context.say(
      `${opened} of ${plural(proofs.length, 'backup')}${where} open${away}. Backups by key: ${used.join(', ')}`,
    );
  }
  const withPlaces = proofs.map((proof) => ({ ...proof, backupId: placedId(proof) }));
  const failure = failureOfKeys(withPlaces) ?? unreached(failures[0]) ?? unprovenOfKeys(withPlaces);
  if (failure !== undefined) throw failure;
}

function placedId({ backupId, place }: Pick<PlacedProof, 'backupId' | 'place'>): string {
  return place === 'primary' ? backupId : `${backupId} in ${place}`;
}

function unreached(failure: { readonly place: string; readonly error: AppError } | undefined): AppError | undefined {
  if (failure === undefined) return undefined;
  const { code, stage, message, hint } = failure.error;
  return new AppError({
    ...{ code, stage, cause: failure.error, message: `${failure.place} could not be looked at: ${message}` },
    hint: hint ?? 'Run it again when it is back: what stands there alone may need a retired key',
  });
}

function tell({ place, error, keyIds, warnings, ...proof }: PlacedProof, several: boolean, context: CliContext): void {
  for (const warning of warnings) context.warn(warning);
  if (context.json) return;
  const backupId = several ? placedId({ ...proof, place }) : proof.backupId;
  if (error?.code === 'keys/write-only') {
    context.print(`sealed  ${backupId}  for ${keyIds.join(', ')}: the private key is not here`);
    return;
  }
  const word = error !== null && saysUnasked(error.code) ? 'unknown' : 'FAILED ';
  context.print(
    error === null
      ? `ok      ${backupId}  ${keyIds.join(', ')}`
      : `${word} ${backupId}  ${error.message} (${error.code})`,
  );
}

function resultOf({ backupId, place, error, keyIds, warnings }: PlacedProof): object {
  return { backupId, place, ok: error === null, keyIds, error: errorJson(error), warnings };
}
