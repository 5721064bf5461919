import { InvalidArgumentError, type Command } from 'commander';
import { AppError, verificationLevels, type VerificationLevel } from '#contracts';
import type { CliContext } from '../context.js';
import { targetName, withFrom, withJson } from '../options.js';
import { errorJson } from '../output/error-json.js';
import type { Prover } from '../verify-levels.js';

interface Options {
  readonly latest?: true;
  readonly all?: true;
  readonly target?: string;
  readonly level: VerificationLevel;
  readonly toEnv?: string;
  readonly from?: string;
}

export function registerVerify(program: Command, context: CliContext): void {
  const command = program
    .command('verify')
    .description('Prove that a backup is good. Reads every byte of it and changes nothing.')
    .argument('[id]', 'ID of a backup')
    .option('--latest', 'the newest backup')
    .option('--all', 'every backup; goes on after a failure and fails at the end')
    .option('--target <name>', 'with --latest or --all: only those of this target', targetName)
    .option('--level <level>', 'stored, readable or restored', verificationLevel, 'readable')
    .option('--to-env <name>', "with --level restored: name of the variable that holds a scratch server's URI")
    .addHelpText('after', help);
  withJson(withFrom(command)).action((id: string | undefined, options: Options) => verify(id, options, context));
}

const help = `
Levels:
  stored     every byte is read, size and SHA-256 are right. Needs no key.
  readable   opened and decompressed; structure, checksums and counts of the archive are what the sealed manifest says.
             Warns of an _id that stands twice in a collection: all of them where ids ascend, else those among about
             a million. Values that break a unique index show in a restore only.
  restored   restored into databases of its own on a scratch server, every document, index and option compared, and
             dropped again. The server is the one in the variable of --to-env, else the first of RESTORE_TARGETS with
             RESTORE_TARGET_<NAME>_SCRATCH=true.`;

export function verificationLevel(text: string): VerificationLevel {
  const level = verificationLevels.find((known) => known === text);
  if (level === undefined) throw new InvalidArgumentError('Allowed levels are stored, readable and restored.');
  return level;
}

interface Result {
  readonly backupId: string;
  readonly level: string;
  readonly ok: boolean;
  readonly error: { code: string; message: string; hint: string | null } | null;
}

async function verify(id: string | undefined, options: Options, context: CliContext): Promise<void> {
  const config = context.config({ store: true, keys: options.level === 'stored' ? 'optional' : 'required' });
  const { requireKeyRing, withStore } = await import('../open-store.js');
  const { chooseBackup, bad } = await import('../choose-backup.js');
  const { proverOf } = await import('../verify-levels.js');
  const { storeFrom } = await import('../from-destination.js');
  const { listBackups } = await import('#pipeline');
  if (options.toEnv !== undefined && options.level !== 'restored') throw bad('--to-env goes with --level restored');
  const ring = options.level === 'stored' ? undefined : await requireKeyRing(config, context, 'open');
  if (options.all === true && (id !== undefined || options.latest === true))
    throw bad('--all stands alone: no ID, no --latest');

  const scratch = options.level === 'restored' ? context.scratchUri(options.toEnv) : undefined;
  await withStore(await storeFrom(config, options.from, context), async (store) => {
    const prove: Prover = proverOf(options.level, { store, ring, scratch }, context);
    const failures: AppError[] = [];
    const results: Result[] = [];
    const report = (backupId: string, error: AppError | null, read: string) => {
      results.push(resultOf(backupId, options.level, error));
      if (error !== null) failures.push(error);
      if (!context.json)
        context.print(
          error === null ? `ok      ${backupId}  ${options.level}, ${read}` : `FAILED  ${backupId}  ${error.message}`,
        );
    };

    let ids: string[];
    if (options.all === true) {
      const { backups, damaged } = await listBackups(store, options.target, context.signal);
      for (const { backupId, error } of damaged) report(backupId, error, '');
      ids = backups.map(({ backupId }) => backupId);
      if (ids.length + damaged.length === 0) context.say(`No backups in ${store.location}`);
    } else {
      const which = { id, latest: options.latest === true, target: options.target };
      ids = [(await chooseBackup(store, which, context)).backupId];
    }
    for (const backupId of ids) {
      try {
        const { told, warnings } = await prove(backupId);
        for (const warning of warnings) context.warn(warning);
        report(backupId, null, told);
      } catch (thrown) {
        const error = AppError.from(thrown, 'verify');
        if (error.code === 'run/cancelled') throw error;
        report(backupId, error, '');
      }
    }
    if (context.json) context.printJson({ results });
    throwFirst(failures, results.length);
  });
}

function resultOf(backupId: string, level: string, error: AppError | null): Result {
  return { backupId, level, ok: error === null, error: errorJson(error) };
}

/** One failure speaks for itself; of several the first gives the exit code. */
function throwFirst(failures: readonly AppError[], checked: number): void {
  const [first] = failures;
  if (first === undefined) return;
  if (checked === 1) throw first;
  throw new AppError({
    code: first.code,
    stage: first.stage,
    message: `${failures.length} of ${checked} backups failed the verification`,
    hint: 'Each is named above with its cause; the others are good',
    cause: first,
  });
}
