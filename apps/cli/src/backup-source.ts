import { noHooks, type CliConfig, type SourceConfig } from '#config';
import { askedDatabases, databaseOf, partName, type Secret, type Selected } from '#contracts';
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

/**
 * What a backup by hand takes, where its target is something else (`partName`): it stands in `backup.json`, so that retention and people tell it from one of all.
 * Both are read from the same server, whose URI may name a database.
 */
export function handPicked(dump: Selected, source: Selected & { readonly uri: Secret }): string | undefined {
  const path = databaseOf(source.uri.reveal());
  const nameOf = (selected: Selected): string =>
    partName({ ...selected, databases: askedDatabases(selected.databases, path) });
  const picked = nameOf(dump);
  return picked === nameOf(source) ? undefined : picked;
}
