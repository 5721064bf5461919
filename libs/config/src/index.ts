export {
  loadCliConfig,
  type CliConfig,
  type CliConfigFor,
  type CliNeeds,
  type KeyText,
  type LoadOptions,
} from './cli-config.js';
export { withConfigFile } from './config-file.js';
export { namedUri } from './named-uri.js';
export type { Environment, ReadFile } from './environment-reader.js';
export { processEnvironment } from './process-environment.js';
export type { DirectoryConfig, S3Config, StoreConfig } from './store-config.js';
export { variables, type Variable } from './variables.js';
