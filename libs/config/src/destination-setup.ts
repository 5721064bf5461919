import type { LoadOptions } from './cli-config.js';
import { readDestinationSources, type DestinationSource } from './destinations.js';
import { EnvironmentReader } from './environment-reader.js';
import { readStore } from './store-config.js';
import { readTargets } from './targets.js';

/** What a command needs that reads a copy: where they lie. */
export interface DestinationSetup {
  /** The nearest first. */
  readonly destinations: readonly DestinationSource[];
  /** Names of the destinations of a target; of one that the configuration does not know, all. */
  readonly replicasOf: (target: string) => readonly string[];
}

/** Throws `config/invalid`. */
export function loadDestinationSetup(options: LoadOptions): DestinationSetup {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const targets = readTargets(reader, options.readFile);
  const destinations = readDestinationSources(reader, options, readStore(reader, options.workingDirectory));
  reader.finish();
  const all = destinations.map(({ name }) => name);
  return {
    destinations,
    replicasOf: (target) => targets.find(({ name }) => name === target)?.replicas ?? all,
  };
}
