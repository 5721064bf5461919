import type { ApiConfig } from './api-config.js';
import type { DestinationSetup } from './destination-setup.js';
import type { DoctorConfig } from './doctor-config.js';
import type { ServiceLoadOptions } from './service-config.js';
import type { LoadOptions } from './cli-config.js';
import type { UpkeepConfig } from './upkeep-config.js';
import type { SourceConfig } from './targets.js';
import type { WorkerConfig } from './worker-config.js';

// Loaded only where they are used: cron and YAML would cost every command of the CLI a tenth of a second.

/** The API's options: typed, frozen, all errors at once (`config/invalid`). */
export async function loadApiConfig(options: ServiceLoadOptions): Promise<ApiConfig> {
  return (await import('./api-config.js')).loadApiConfig(options);
}

/** The worker's options, in the same way. */
export async function loadWorkerConfig(options: ServiceLoadOptions): Promise<WorkerConfig> {
  return (await import('./worker-config.js')).loadWorkerConfig(options);
}

/** What of the environment is good, and all that is wrong with it: never throws. */
export async function loadDoctorConfig(options: ServiceLoadOptions): Promise<DoctorConfig> {
  return (await import('./doctor-config.js')).loadDoctorConfig(options);
}

/** What a cleanup or a sync by the command line needs of them. */
export async function loadUpkeepConfig(options: LoadOptions): Promise<UpkeepConfig> {
  return (await import('./upkeep-config.js')).loadUpkeepConfig(options);
}

/** The target of a backup by hand, where there is a file of targets. */
export async function loadBackupSource(wanted: string | undefined, options: LoadOptions): Promise<SourceConfig | null> {
  return (await import('./backup-source.js')).loadBackupSource(wanted, options);
}

/** The destinations that backups are copied to, with their stores, the nearest first; and those of each target. */
export async function loadDestinations(options: LoadOptions): Promise<DestinationSetup> {
  return (await import('./destination-setup.js')).loadDestinationSetup(options);
}
