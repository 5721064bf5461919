import type { LoadOptions } from './cli-config.js';
import { EnvironmentReader } from './environment-reader.js';
import { readSigningKey, readTokenNames, type SigningKey, type TokenNames } from './read-jwt.js';

/** What `hazina token create` signs with. */
export interface TokenConfig extends TokenNames {
  readonly key: SigningKey;
}

export function loadTokenConfig(options: LoadOptions): TokenConfig {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const config: TokenConfig = { key: readSigningKey(reader), ...readTokenNames(reader) };
  reader.finish();
  return Object.freeze(config);
}
