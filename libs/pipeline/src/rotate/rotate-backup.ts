import { AppError, type BackupJson } from '#contracts';
import { backupJsonKey } from '../objects/keys.js';
import { rotateObject } from './rotate-object.js';
import type { RotateDeps, RotatedBackup } from './rotate-types.js';

export interface BackupRotation {
  readonly backup: BackupJson;
  readonly kdfSalt: string;
  readonly keyIds: readonly string[];
  readonly dryRun: boolean;
}

/** Both objects of a backup, and its record, under a use of it. An error is part of the result: whatever happened, the backup opens with the keys that opened it before. */
export async function rotateBackup(
  deps: RotateDeps,
  rotation: BackupRotation,
  signal: AbortSignal,
): Promise<RotatedBackup> {
  const { backup, dryRun } = rotation;
  const { backupId, objects } = backup;
  const before = new Set<string>();
  const after = new Set<string>();
  const warnings: string[] = [];
  const ended = (outcome: RotatedBackup['outcome'], error: AppError | null = null): RotatedBackup => ({
    ...{ backupId, outcome, before: [...before], warnings, error },
    after: outcome === 'gone' ? [] : outcome === 'failed' ? [...before] : [...after],
  });
  try {
    const { catalog } = deps;
    const act = async (held: AbortSignal): Promise<RotatedBackup> => {
      let changed = false;
      for (const [kind, object] of [
        // Data first: they may lie cold, and then the manifest speaks for both (`checkKeys`).
        ['mongodump-archive', objects.data],
        ['manifest', objects.manifest],
      ] as const) {
        const rotated = await rotateObject(deps, { ...rotation, object, kind }, held);
        for (const keyId of rotated.before) before.add(keyId);
        for (const keyId of rotated.after) after.add(keyId);
        warnings.push(...rotated.warnings);
        if (rotated.gone) return ended('gone');
        changed ||= rotated.changed;
      }
      // Told also of what an earlier, interrupted run had rotated.
      if (!dryRun) await catalog?.keysOf(backupId, [...after]);
      return ended(changed ? (dryRun ? 'would-rotate' : 'rotated') : 'current');
    };
    if (dryRun || catalog === undefined) return await act(signal);
    const done = await catalog.hold(backupId, 'rotation', (held) => act(held.signal), signal);
    return done === 'gone' ? ended('gone') : done;
  } catch (thrown) {
    const error = AppError.from(thrown, 'keys');
    if (error.code === 'backup/missing' && (await isDeleted(deps, backupId, signal))) return ended('gone');
    return ended('failed', error);
  }
}

/** Whether its objects are gone because it was deleted meanwhile; where nobody can tell, they are missing. */
async function isDeleted({ store }: RotateDeps, backupId: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await store.head(backupJsonKey(backupId), signal)) === null;
  } catch {
    return false;
  }
}
