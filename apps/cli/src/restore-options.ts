import { AppError } from '#contracts';
import type { Rename } from '#engine';
import type { SelectionOptions } from './options.js';

export interface RestoreOptions extends SelectionOptions {
  readonly toEnv: string;
  readonly latest?: true;
  readonly from?: string;
  readonly at?: string;
  readonly target?: string;
  readonly header?: string;
  readonly rename?: readonly string[];
  readonly scratch?: true;
  readonly drop?: true;
  readonly dropScratch?: string;
  readonly replace?: true;
  readonly safetyBackup: boolean;
  readonly confirm?: readonly string[];
  readonly ignoreWrites?: true;
  readonly onConflict: 'fail' | 'keep-last';
  readonly oplogReplay?: boolean;
  readonly usersAndRoles?: true;
  readonly strict?: true;
  readonly engine: 'native' | 'mongorestore';
  readonly dryRun?: true;
}

/** Options that mean nothing together. Throws `cli/bad-arguments`. */
export function refuseContradictions(what: string | undefined, options: RestoreOptions): void {
  const { scratch, drop, dropScratch, replace, latest } = options;
  if (!options.safetyBackup && replace !== true) throw bad('--no-safety-backup goes with --replace');
  if (options.confirm !== undefined && replace !== true) throw bad('--confirm goes with --replace');
  if (options.at !== undefined && latest !== true) throw bad('--at goes with --latest');
  if (drop === true && scratch !== true) throw bad('--drop goes with --scratch');
  if (dropScratch !== undefined && (what !== undefined || latest === true || scratch === true))
    throw bad('--drop-scratch restores nothing: give it with --to-env alone');
  if (scratch !== true) return;
  if (replace === true) throw bad('--scratch replaces nothing: leave --replace out');
  if (options.usersAndRoles === true)
    throw bad('--scratch touches nothing but its own databases: leave --users-and-roles out');
  if (options.engine !== 'native') throw bad('--scratch goes with the native engine');
}

export function parseRename(text: string): Rename {
  const [from = '', to = '', ...rest] = text.split('=');
  if (from !== '' && to !== '' && rest.length === 0) return { from, to };
  throw new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `--rename ${text} names no old and new name`,
    hint: 'Write it like clinic=clinic_copy or clinic.visits=clinic.visits_old',
  });
}

function bad(message: string): AppError {
  const hint = 'hazina restore --help tells what goes together';
  return new AppError({ code: 'cli/bad-arguments', stage: 'arguments', message, hint });
}
