import { Secret } from '#contracts';
import { secretFrom, type EnvironmentReader } from './environment-reader.js';
import { bindHooks } from './hook-settings.js';
import type { ServiceLoadOptions } from './service-config.js';
import { placesOfTargets } from './target-place.js';
import type { SourceConfig, TargetConfig } from './targets.js';
import { withReadPreference } from './with-read-preference.js';

/** Targets with what only who reads them may know: their URIs, and the secrets of their hooks. */
export function readSourcesOf(
  targets: readonly TargetConfig[],
  reader: EnvironmentReader,
  options: ServiceLoadOptions,
): SourceConfig[] {
  const place = placesOfTargets(reader, options.readFile);
  return targets.map((target) => {
    const uri = readUriOf(target, reader, options) ?? new Secret('');
    const boundHooks = bindHooks(target.hooks, options, (path, text) =>
      reader.problem(`${place(target.name, 'hooks', ...path)}hooks of ${target.name}: ${text}`),
    );
    return { ...target, uri: withReadPreference(uri, target.readPreference), boundHooks };
  });
}

/** The URI of a target, from the variable that it names; undefined: that is a problem by now. */
export function readUriOf(
  { name, uriVariable }: Pick<TargetConfig, 'name' | 'uriVariable'>,
  reader: EnvironmentReader,
  { environment, readFile }: ServiceLoadOptions,
): Secret | undefined {
  const told: string[] = [];
  const uri = secretFrom(uriVariable, environment, readFile, (text) => told.push(text));
  if (uri !== undefined) return uri;
  const place = placesOfTargets(reader, readFile)(name, 'uriVariable');
  const what =
    place === ''
      ? 'it names the server to back up, for instance mongodb://user:…@host:27017/clinic'
      : `it holds the URI of ${name}`;
  for (const text of told.length > 0 ? told : [`${uriVariable} is not set: ${what}`]) reader.problem(`${place}${text}`);
  return undefined;
}
