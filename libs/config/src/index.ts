export {
  loadCliConfig,
  type CatalogAccess,
  type CliConfig,
  type CliConfigFor,
  type CliNeeds,
  type LoadOptions,
} from './cli-config.js';
export { loadCatalogUri } from './catalog-config.js';
export { withConfigFile } from './config-file.js';
export { namedUri } from './named-uri.js';
export type { Environment, ReadFile } from './environment-reader.js';
export { processEnvironment } from './process-environment.js';
export type { DirectoryConfig, S3Config, StoreConfig } from './store-config.js';
export type { Variable } from './variable.js';
export { variables } from './variables.js';
export type { ApiConfig } from './api-config.js';
export type { DoctorConfig, DoctorSource } from './doctor-config.js';
export type { TargetUpkeep, UpkeepConfig } from './upkeep-config.js';
export type { ConfigChange } from './live-config.js';
export { changeOf } from './live-config.js';
export { Reload, type ReloadOutcome } from './reload.js';
export {
  loadApiConfig,
  loadBackupSource,
  loadDestinations,
  loadDoctorConfig,
  loadUpkeepConfig,
  loadWorkerConfig,
} from './service-loaders.js';
export type { WorkerConfig } from './worker-config.js';
export type { LogLevel, ServiceConfig, ServiceLoadOptions } from './service-config.js';
export type { CompressionConfig } from './read-compression.js';
export type { KeysConfig, KeyText } from './read-keys.js';
export type { NotifyConfig } from './read-notify.js';
export { lockAsks, lockAsksOfDestination, type LockAskConfig } from './lock-asks.js';
export type { PlacementConfig } from './placement.js';
export type { QuotaConfig } from './store-guards.js';
export type { RetentionConfig } from './read-retention.js';
export type { ScheduleConfig } from './read-schedule.js';
export { loadScratchTarget } from './restore-targets.js';
export type { RestoreTargetConfig, RestoreTargetSource } from './restore-targets.js';
export { endOfBlackout, isBlackedOut, type Blackout } from './blackout.js';
export { scheduleIntervalMs } from './schedule-interval.js';
export type { CredentialVariables, DestinationConfig, DestinationSource } from './destinations.js';
export type { DestinationSetup } from './destination-setup.js';
export type { DrillConfig } from './read-drill.js';
export { noHooks, type BoundHook, type BoundHooks, type HookConfig, type HooksConfig } from './hook-settings.js';
export type { ThrottleConfig } from './read-throttle.js';
export type { SourceConfig, TargetConfig } from './targets.js';
export type { ReadPreference } from './targets-file.js';
export type { SigningKey, TokenNames, VerifyingKey } from './read-jwt.js';
export { loadTokenConfig, type TokenConfig } from './token-config.js';
export { readVersion } from './read-version.js';
