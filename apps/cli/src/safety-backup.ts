import type { CatalogAccess, CliConfig, StoreConfig } from '#config';
import { AppError, isRestoreTargetName, newBackupId, patternOf, safetyTargetOf } from '#contracts';
import type { KeyRing } from '#crypto';
import { createDumpEngines, type LoadRequest, type PlannedNamespace } from '#engine';
import { planRestore, runBackup, safetyNote, watchWrites, type BackupRequest, type RestoreDeps } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from './context.js';

export interface SafetyParts {
  readonly store: ObjectStore;
  readonly ring: KeyRing;
  readonly config: CliConfig & { readonly store: StoreConfig };
  /** The variable that holds the URI of what is restored into. */
  readonly variable: string;
}

/** Gives the parts to a piece of work, and closes what it opened for it; null: no safety backup can be made, and that was told. */
export type WithSafetyParts = (work: (parts: SafetyParts) => Promise<string>) => Promise<string | null>;

/** What stands between a restore and what it replaces. */
export interface Safety {
  readonly backupId: string;
  /** For people, in the report; who watched is known after `check`. */
  note(): string;
  /** Just before the renames. Throws `restore/conflict` when somebody wrote since the backup began. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Above this many namespaces their whole databases are backed up: every name is compared with every pattern. */
const mostPatterns = 100;

/**
 * Backs up what a restore is about to replace, as the service does (trigger `safety`). Null when nothing is replaced, or when an earlier run of this restore
 * had begun its renames, which only go forward. Throws when the backup did not succeed: then nothing is replaced.
 */
export async function makeSafetyBackup(
  restore: RestoreDeps,
  request: LoadRequest,
  withParts: WithSafetyParts,
  context: CliContext,
): Promise<Safety | null> {
  const { signal } = context;
  const plan = await planRestore(restore, request, signal);
  const replaced = plan.namespaces.filter(({ action }) => action === 'replace');
  if (replaced.length === 0) return null;
  const contents = await restore.source.contents(signal);
  if ((await restore.engine.putBack?.(request, contents, signal)) === 'renaming') return null;
  restore.observer.stage('dump');
  const watch = request.ignoreWrites ? null : await watchWrites(request.uri, replaced, signal);
  const close = async () => watch?.close();
  try {
    const backupId = await withParts((parts) => backUp(parts, request, replaced, context));
    if (backupId !== null) {
      context.say(`What will be replaced is in the backup ${backupId}`);
      return { backupId, note: () => safetyNote(backupId, watch), check: async () => watch?.check(signal), close };
    }
  } catch (error) {
    await close();
    throw error;
  }
  await close();
  return null;
}

async function backUp(
  { store, ring, config, variable }: SafetyParts,
  { uri, backupId: restored }: LoadRequest,
  replaced: readonly PlannedNamespace[],
  context: CliContext,
): Promise<string> {
  const { clock, random } = context;
  const target = safetyTargetOf(restoreTargetOf(variable));
  const include = replaced.map(patternOf);
  // The official tool cannot take several chosen namespaces in one run.
  const { native: engine } = createDumpEngines({ version: context.version, stallMs: config.stallMs, searchPath: '' });
  const deps = { store, ring, engine, clock, random, observer: context.observer() };
  const request: BackupRequest = {
    backupId: newBackupId(target, clock.now(), random),
    target,
    attempt: 1,
    trigger: 'safety',
    dump: {
      uri,
      databases: [...new Set(replaced.map(({ db }) => db))].sort(),
      include: include.length > mostPatterns ? [] : include,
      exclude: [],
    },
    compression: config.compression,
    label: `before a restore of ${restored}`,
    pinned: false,
    retentionDays: config.retentionDays,
  };
  try {
    const { backup, warnings } =
      config.catalog === undefined
        ? await runBackup(deps, request, context.signal)
        : await recorded(config.catalog, config.store, deps, request, context);
    for (const warning of warnings) context.warn(warning);
    return backup.backupId;
  } catch (thrown) {
    throw notBackedUp(AppError.from(thrown, 'dump'));
  }
}

/** With a record in the service's catalogue, so that its retention sees it. */
async function recorded(
  access: CatalogAccess,
  store: StoreConfig,
  deps: Parameters<typeof runBackup>[0],
  request: BackupRequest,
  context: CliContext,
) {
  const { withCatalog } = await import('./open-catalog.js');
  const { runRecordedBackup } = await import('./recorded-backup.js');
  return withCatalog(access, context, (catalog) =>
    runRecordedBackup(deps, request, { catalog, access, store }, context),
  );
}

/** `RESTORE_TARGET_STAGING_URI` is the service's restore target `staging`; any other variable gives its own name: `TARGET` is `target`. */
export function restoreTargetOf(variable: string): string {
  const named = /^RESTORE_TARGET_(.+)_URI$/.exec(variable)?.[1] ?? variable;
  const name = named
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 33);
  return isRestoreTargetName(name) ? name : 'target';
}

function notBackedUp(error: AppError): AppError {
  const { code, stage, message, hint, retry, details } = error;
  if (code === 'run/cancelled') return error;
  return new AppError({
    ...{ code, stage, retry, details, cause: error },
    message: `What would be replaced could not be backed up: ${message}`,
    hint: `${hint === undefined ? '' : `${hint}. `}Nothing was replaced; --no-safety-backup goes without such a backup`,
  });
}
