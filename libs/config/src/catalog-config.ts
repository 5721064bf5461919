import type { Secret } from '#contracts';
import type { LoadOptions } from './cli-config.js';
import { EnvironmentReader } from './environment-reader.js';
import { requiredSecret } from './service-config.js';

/** What a command needs that looks into the catalogue: its URI alone. Throws `config/invalid`. */
export function loadCatalogUri(options: LoadOptions): Secret {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const uri = requiredSecret(reader, 'CATALOG_MONGODB_URI', 'it names the database of the records');
  reader.finish();
  return uri;
}
