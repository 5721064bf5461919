import { Option, type Command } from 'commander';
import type { CliConfigFor } from '#config';
import { newBackupId, AppError } from '#contracts';
import type { ObjectStore } from '#storage';
import type { CliContext } from '../context.js';
import type { KitPlace } from '../output/kit-place.js';
import type { KitKey, RecoveryKit } from '../output/recovery-kit.js';
import { askOnTerminal, writePrivateFile } from '../write-private.js';

interface Options {
  readonly format: 'text' | 'html';
  readonly output?: string;
  readonly includeKey?: true;
}

type Config = CliConfigFor<{ store: true; keys: 'required' }>;

export function registerKeysRecoveryKit(keys: Command, context: CliContext): void {
  keys
    .command('recovery-kit')
    .description(
      'Print the page to keep for the worst day: key ids, the store, what is needed, and the exact commands to restore, with Hazina and without. Made to be printed.',
    )
    .addOption(new Option('--format <format>', 'text, or one HTML page').choices(['text', 'html']).default('text'))
    .option('-o, --output <file>', 'write it to this file (mode 0600) instead of stdout')
    .option('--include-key', 'the keys themselves too: whoever reads the page and the store can read every backup')
    .addHelpText('after', '\nExample:\n  hazina keys recovery-kit --format html -o recovery-kit.html')
    .action((options: Options) => recoveryKit(options, context));
}

async function recoveryKit(options: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { kitAsHtml, kitAsText } = await import('../output/render-kit.js');
  await requireKeyRing(config, context, 'name');
  if (options.includeKey === true) await mayShowKeys(options, context);
  const kit = await withStore(config, (store) => gather(config, store, options.includeKey === true, context));
  const page = options.format === 'html' ? kitAsHtml(kit) : kitAsText(kit);
  if (options.output === undefined) context.print(page.trimEnd());
  else {
    await writePrivateFile(options.output, page, context);
    context.say(`${options.output} is written. Print it, and keep it apart from the backups`);
  }
  if (options.includeKey === true)
    context.warn('The keys are in it: keep it in a safe, never beside the backups, and leave no copy on this machine');
}

/** Keys never appear on a screen that did not ask for them. */
async function mayShowKeys({ output }: Options, context: CliContext): Promise<void> {
  if (output !== undefined || !process.stdout.isTTY) return;
  const answer = await askOnTerminal(
    'The keys will stand on this screen, and in its history. Type "show" to go on: ',
    context,
  );
  if (answer === 'show') return;
  throw new AppError({
    code: 'keys/confirmation-needed',
    stage: 'output',
    message: 'The keys were not shown',
    hint: 'Give a file with -o: it is readable for you alone. Or leave --include-key away',
  });
}

async function gather(
  config: Config,
  store: ObjectStore,
  includeKey: boolean,
  context: CliContext,
): Promise<RecoveryKit> {
  const { listBackups, readStoreIdentity, backupFolder } = await import('#pipeline');
  const { clock, random, signal, version } = context;
  const identity = await readStoreIdentity(store, signal);
  if (identity === null) throw noStore(store);
  const { backups, damaged } = await listBackups(store, undefined, signal);
  for (const { error } of damaged) context.warn(error.message);
  const [newest] = backups;
  const backupId = newest?.backupId ?? newBackupId(config.target, clock.now(), random);
  return {
    madeAt: clock.now(),
    version,
    storeId: identity.storeId,
    location: store.location,
    ...(await placesOf(config, context)),
    keys: await keysOf(config, identity.kdfSalt, includeKey),
    backups: backups.length,
    targets: [...new Set(backups.map(({ target }) => target))].sort(),
    example: {
      backupId,
      folder: `${backupFolder(backupId)}${newest?.attempt ?? 1}/`,
      database: newest?.databases[0] ?? 'clinic',
    },
  };
}

async function keysOf({ keys }: Config, kdfSalt: string, includeKey: boolean): Promise<KitKey[]> {
  const { nameKeys, openKeys } = await import('#crypto');
  const { given } = await openKeys(keys, () => undefined);
  const all = [
    ...(given.current === undefined ? [] : [{ ...given.current, role: 'current' as const }]),
    ...(given.recipients ?? []).map((key) => ({ ...key, role: 'recipient' as const })),
    ...given.retired.map((key) => ({ ...key, role: 'retired' as const })),
  ];
  const described: KitKey[] = [];
  for (const { role, variable, text } of all) {
    const [named] = await nameKeys({ current: { variable, text }, retired: [] }, kdfSalt);
    if (named === undefined) continue;
    const isPublic = named.form === 'x25519-public' || named.form === 'aws-kms';
    const told = includeKey || isPublic ? text.reveal() : null;
    described.push({ keyId: named.keyId ?? '', kind: kindOf[named.form], role, variable, text: told });
  }
  return described;
}

const kindOf = {
  hex: 'raw',
  base64: 'raw',
  passphrase: 'scrypt',
  'x25519-private': 'x25519',
  'x25519-public': 'x25519-public',
  'aws-kms': 'aws-kms',
} as const;

/** The primary store, and the destinations of BACKUP_TARGETS_FILE where there is one. */
async function placesOf({ store }: Config, context: CliContext): Promise<Pick<RecoveryKit, 'primary' | 'copies'>> {
  const { kitPlace } = await import('../output/kit-place.js');
  const { S3_CA_FILE: caFile = '' } = context.environment();
  const way = caFile === '' ? {} : { caFile };
  const destinations = await context.destinationsIfAny();
  return {
    primary: kitPlace('primary', store, way),
    copies: destinations.map(({ name, store: copy, credentialVariables }): KitPlace =>
      kitPlace(name, copy, { ...way, ...(credentialVariables && { credentials: credentialVariables }) }),
    ),
  };
}

function noStore(store: ObjectStore): AppError {
  return new AppError({
    code: 'backup/not-found',
    stage: 'store',
    message: `${store.location} holds no backups yet, so there is nothing to recover`,
    hint: 'Make the first backup (hazina backup), then the kit',
  });
}
