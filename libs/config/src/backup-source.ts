import { AppError } from '#contracts';
import type { LoadOptions } from './cli-config.js';
import { EnvironmentReader } from './environment-reader.js';
import { readSourcesOf } from './read-sources.js';
import { readTargets, type SourceConfig } from './targets.js';

/** The target of `BACKUP_TARGETS_FILE` that a backup by hand is of; null: the file has none of this name. Throws `config/invalid`, also when there are several and none is named. */
export function loadBackupSource(wanted: string | undefined, options: LoadOptions): SourceConfig | null {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const targets = readTargets(reader, options.readFile);
  reader.finish();
  const [only, ...others] = targets;
  if (wanted === undefined && others.length > 0)
    throw new AppError({
      code: 'cli/bad-arguments',
      stage: 'arguments',
      message: `BACKUP_TARGETS_FILE has several targets (${targets.map(({ name }) => name).join(', ')}), and none is named`,
      hint: 'Say which one: --target NAME',
    });
  const target = wanted === undefined ? only : targets.find(({ name }) => name === wanted);
  if (target === undefined) return null;
  // Of the others nothing is needed here.
  const [source = null] = readSourcesOf([target], reader, options);
  reader.finish();
  return source;
}
