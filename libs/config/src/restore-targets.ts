import { AppError, isMongoUri, isRestoreTargetName, safetyTargetOf, Secret } from '#contracts';
import { EnvironmentReader, secretFrom } from './environment-reader.js';
import { splitList } from './read-notify.js';
import { readRetention, type RetentionConfig } from './read-retention.js';
import type { ServiceLoadOptions } from './service-config.js';
import type { PlaceOfTarget } from './target-place.js';

/** A server that backups may be restored into, without its URI: what the API may know. */
export interface RestoreTargetConfig {
  readonly name: string;
  /** Restores of the mode `scratch` may go there: a server where new databases harm nobody. */
  readonly scratch: boolean;
}

/** What the worker knows besides. */
export interface RestoreTargetSource extends RestoreTargetConfig {
  readonly uri: Secret;
  /** Of the backups of what restores replace there. */
  readonly retention: RetentionConfig;
}

type Options = Pick<ServiceLoadOptions, 'environment'>;

/** `RESTORE_TARGETS` and the flags of each; `RESTORE_TARGET_<NAME>_URI` is not looked at. */
export function readRestoreTargets(reader: EnvironmentReader, { environment }: Options): RestoreTargetConfig[] {
  const names = splitList(reader.text('RESTORE_TARGETS'));
  for (const name of names) {
    if (!isRestoreTargetName(name)) {
      reader.problem(
        `RESTORE_TARGETS: a name has 1 to 33 of a-z, 0-9 and "-", and does not begin with "-"; not "${name}"`,
      );
    }
  }
  if (new Set(names).size < names.length) reader.problem('RESTORE_TARGETS: a name stands there twice');
  return names.map((name) => ({ name, scratch: readFlag(reader, variableOf(name, 'SCRATCH'), environment) }));
}

/** The same with the URIs: for the worker alone. */
export function readRestoreSources(reader: EnvironmentReader, options: ServiceLoadOptions): RestoreTargetSource[] {
  const found = readRestoreTargets(reader, options);
  if (found.length === 0) return [];
  const retention = readRetention(reader);
  return found.map((target) => {
    const variable = variableOf(target.name, 'URI');
    const uri = secretFrom(variable, options.environment, options.readFile, (text) => reader.problem(text));
    if (uri === undefined) reader.problem(`${variable} is not set: RESTORE_TARGETS names ${target.name}`);
    else if (isMongoUri(uri.reveal())) return { ...target, uri, retention };
    else reader.problem(`${variable} must begin with mongodb:// or mongodb+srv://, and name a host`);
    return { ...target, uri: new Secret(''), retention };
  });
}

/** Backups of what a restore replaces have a target of their own, whose name no other may have. */
export function checkSafetyNames(
  reader: Pick<EnvironmentReader, 'problem'>,
  targets: readonly { readonly name: string }[],
  restoreTargets: readonly RestoreTargetConfig[],
  place: PlaceOfTarget,
): void {
  for (const restored of restoreTargets) {
    const safety = safetyTargetOf(restored.name);
    if (targets.some(({ name }) => name === safety))
      reader.problem(
        `${place(safety, 'name')}RESTORE_TARGETS: backups of what is replaced in ${restored.name} need the target name ${safety}`,
      );
  }
}

/** The first scratch target of `RESTORE_TARGETS`, with its URI: where a command restores to prove a backup. Throws `config/invalid` without one. */
export function loadScratchTarget(options: Options & Pick<ServiceLoadOptions, 'readFile'>): {
  readonly name: string;
  readonly uri: Secret;
} {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const target = readRestoreTargets(reader, options).find(({ scratch }) => scratch);
  reader.finish();
  if (target === undefined) {
    throw new AppError({
      code: 'config/invalid',
      stage: 'config',
      message: 'There is no scratch target: the level restored restores into databases of its own, and drops them',
      hint: "Name a variable that holds a scratch server's URI with --to-env, or declare one: RESTORE_TARGETS=staging, RESTORE_TARGET_STAGING_URI, RESTORE_TARGET_STAGING_SCRATCH=true",
    });
  }
  const uri = secretFrom(variableOf(target.name, 'URI'), options.environment, options.readFile, (text) =>
    reader.problem(text),
  );
  if (uri === undefined)
    reader.problem(`${variableOf(target.name, 'URI')} is not set: RESTORE_TARGETS names ${target.name}`);
  reader.finish();
  return { name: target.name, uri: uri ?? new Secret('') };
}

/** `RESTORE_TARGET_<NAME>_URI`: the name in capitals, `_` for `-`. */
function variableOf(name: string, what: 'URI' | 'SCRATCH'): string {
  return `RESTORE_TARGET_${name.toUpperCase().replaceAll('-', '_')}_${what}`;
}

function readFlag(reader: EnvironmentReader, name: string, environment: Options['environment']): boolean {
  const text = environment[name] ?? '';
  if (text !== '' && text !== 'true' && text !== 'false')
    reader.problem(`${name} must be one of true, false, not "${text}"`);
  return text === 'true';
}
