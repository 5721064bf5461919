import { noHooks, type CliConfig, type SourceConfig } from '#config';
import type { CliContext } from './context.js';

/** What a backup by hand is of, and how it is made. */
export type BackupSource = Pick<
  SourceConfig,
  | 'name'
  | 'uri'
  | 'databases'
  | 'include'
  | 'exclude'
  | 'engine'
  | 'oplog'
  | 'compression'
  | 'throttleBytesPerSecond'
  | 'storeThrottleBytesPerSecond'
  | 'boundHooks'
> & { readonly retentionDays: number };

/** A target of BACKUP_TARGETS_FILE as a worker would back it up; without a file, or when it has none of this name, MONGODB_URI and the environment. */
export async function backupSource(
  wanted: string | undefined,
  config: CliConfig,
  context: CliContext,
): Promise<BackupSource> {
  const known = config.hasTargetsFile ? await context.backupSource(wanted) : null;
  if (known !== null) return { ...known, retentionDays: known.retention.retentionDays };
  const { uri } = config.source ?? context.config({ source: true }).source;
  const { target, engine, compression, throttleBytesPerSecond, storeThrottleBytesPerSecond, retentionDays, oplog } =
    config;
  return {
    ...{ name: wanted ?? target, uri, databases: [], include: [], exclude: [] },
    ...{ engine, oplog, compression, throttleBytesPerSecond, storeThrottleBytesPerSecond, retentionDays },
    boundHooks: noHooks,
  };
}
