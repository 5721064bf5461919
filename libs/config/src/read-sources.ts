import { isMongoUri, Secret } from '#contracts';
import { checkDumpOf, dumpVariables } from './check-dump.js';
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

/** The URI of a target, from the variable that it names; undefined: that is a problem by now. What cannot be dumped of it is one, too. */
export function readUriOf(
  target: TargetConfig,
  reader: EnvironmentReader,
  { environment, readFile }: ServiceLoadOptions,
): Secret | undefined {
  const { name, uriVariable } = target;
  const places = placesOfTargets(reader, readFile);
  const told: string[] = [];
  const uri = secretFrom(uriVariable, environment, readFile, (text) => told.push(text));
  if (uri !== undefined && isMongoUri(uri.reveal())) {
    checkDumpOf(target, uri, (path, text) => {
      const place = places(name, ...path);
      reader.problem(`${place}${place === '' ? (dumpVariables[path[0]] ?? '') : `${path[0]} of ${name}`} ${text}`);
    });
    return uri;
  }
  const place = places(name, 'uriVariable');
  if (uri !== undefined) told.push(`${uriVariable} must begin with mongodb:// or mongodb+srv://, and name a host`);
  const what =
    place === ''
      ? 'it names the server to back up, for instance mongodb://user:…@host:27017/clinic'
      : `it holds the URI of ${name}`;
  for (const text of told.length > 0 ? told : [`${uriVariable} is not set: ${what}`]) reader.problem(`${place}${text}`);
  return undefined;
}
