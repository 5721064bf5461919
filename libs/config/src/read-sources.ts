import { Secret } from '#contracts';
import { secretFrom, type EnvironmentReader } from './environment-reader.js';
import { bindHooks } from './hook-settings.js';
import { requiredSecret, type ServiceLoadOptions } from './service-config.js';
import type { SourceConfig, TargetConfig } from './targets.js';
import { withReadPreference } from './with-read-preference.js';

/** Targets with what only who reads them may know: their URIs, and the secrets of their hooks. */
export function readSourcesOf(
  targets: readonly TargetConfig[],
  reader: EnvironmentReader,
  options: ServiceLoadOptions,
): SourceConfig[] {
  return targets.map((target) => {
    const uri =
      target.uriVariable === 'MONGODB_URI'
        ? requiredSecret(
            reader,
            'MONGODB_URI',
            'it names the server to back up, for instance mongodb://user:…@host:27017/clinic',
          )
        : named(reader, target.uriVariable, options);
    const boundHooks = bindHooks(target.hooks, options, (text) => reader.problem(`hooks of ${target.name}: ${text}`));
    return { ...target, uri: withReadPreference(uri, target.readPreference), boundHooks };
  });
}

function named(reader: EnvironmentReader, name: string, options: ServiceLoadOptions): SourceConfig['uri'] {
  const uri = secretFrom(name, options.environment, options.readFile, (text) => reader.problem(text));
  if (uri !== undefined) return uri;
  reader.problem(`${name} is not set: BACKUP_TARGETS_FILE names it as the URI of a target`);
  return new Secret('');
}
