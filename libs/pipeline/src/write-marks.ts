import { AppError, type BackupJson, type Clock, type MarkedVerification, type Marks } from '#contracts';
import type { ObjectStore, PutBytesOptions } from '#storage';
import { readBackupJson } from './objects/backup-json-file.js';
import { backupJsonKey, marksKey } from './objects/keys.js';
import { readMarksFile } from './objects/marks-file.js';
import { mergeVerifications } from './objects/merge-verifications.js';
import { removeLeftBeside } from './objects/remove-left-beside.js';

const tries = 5;

export interface MarksChange {
  /** The record's wanted version; 0 for a change without record. The file's version only rises. */
  readonly version: number;
  readonly pinned?: boolean;
  readonly label?: string | null;
  /** Verdicts that are to be there, besides those that are. */
  readonly verifications?: readonly MarkedVerification[];
}

/**
 * Changes pin and label in the store and adds verdicts of verifications, and changes nothing else of the marks (spec/objects.md, "Marks"): read, merged, written with a condition where the store honours
 * one, read back. Repeatable. Returns what stands, and the change that it holds.
 *
 * With a record, `change` tells what is wanted *now* (null: nothing any more). It is asked after the file was read and before it is written, and once more when
 * it was read back: a writer that slept in between meets another version of the file and writes nothing or, where the store honours no condition, finds that
 * more was wanted meanwhile and repairs what it wrote over.
 */
export async function writeMarks(
  deps: { readonly store: ObjectStore; readonly clock: Clock },
  backupId: string,
  change: MarksChange | (() => Promise<MarksChange | null>),
  signal: AbortSignal,
): Promise<{ readonly marks: Marks; readonly change: MarksChange } | null> {
  const { store } = deps;
  const backup = await readBackupJson(store, backupId, signal);
  if (backup === null) throw notThere(store, backupId);
  const abilities = await store.abilities(signal);
  for (let tried = 0; tried < tries; tried += 1) {
    const standing = await readMarksFile(store, backupId, signal);
    const wanted = typeof change === 'function' ? await change() : change;
    if (wanted === null) return null;
    if (standing !== null && holds(standing.marks, wanted)) return { marks: standing.marks, change: wanted };
    const merged = merge(standing?.marks ?? initialMarks(backup), wanted, deps.clock.now());
    const bytes = Buffer.from(JSON.stringify(merged));
    const condition: PutBytesOptions =
      standing === null
        ? { ifNoneMatch: abilities.conditionalCreate }
        : abilities.conditionalReplace
          ? { ifMatch: standing.etag }
          : {};
    if (!(await put(store, backupId, bytes, { ...condition, signal }))) continue;
    if ((await store.head(backupJsonKey(backupId), signal)) === null) {
      // Deleted in between: marks must not outlive their backup.
      await removeLeftBeside(store, backup, marksKey(backupId), signal);
      throw notThere(store, backupId);
    }
  }
  throw new AppError({
    code: 'store/precondition-failed',
    stage: 'store',
    retry: 'retry',
    message: `The marks of ${backupId} were changed by others again and again`,
    hint: 'Try again',
  });
}

async function put(store: ObjectStore, backupId: string, bytes: Buffer, options: PutBytesOptions): Promise<boolean> {
  try {
    await store.putBytes(marksKey(backupId), bytes, options);
    return true;
  } catch (error) {
    if (error instanceof AppError && (error.code === 'store/exists' || error.code === 'store/precondition-failed'))
      return false;
    throw error;
  }
}

function holds(marks: Marks, { version, pinned, label, verifications = [] }: MarksChange): boolean {
  return (
    marks.version >= version &&
    (pinned === undefined || marks.pinned === pinned) &&
    (label === undefined || marks.label === label) &&
    mergeVerifications(marks.verifications, verifications) === null
  );
}

/** `backup.json` holds the initial values. */
function initialMarks({ pinned, label, completedAt }: BackupJson): Marks {
  return { schema: 'hazina-marks/1', version: 0, pinned, label, verifications: [], updatedAt: completedAt };
}

/** Only the change: every other field, those of newer versions included, stays as it was. */
function merge(standing: Marks, { version, pinned, label, verifications = [] }: MarksChange, now: Date): Marks {
  return {
    ...standing,
    version: Math.max(version, standing.version + 1),
    pinned: pinned ?? standing.pinned,
    label: label === undefined ? standing.label : label,
    verifications: mergeVerifications(standing.verifications, verifications) ?? standing.verifications,
    updatedAt: now.toISOString(),
  };
}

function notThere(store: ObjectStore, backupId: string): AppError {
  return new AppError({
    code: 'backup/not-found',
    stage: 'store',
    message: `There is no backup ${backupId} in ${store.location}, so nothing was marked`,
    hint: 'It was deleted meanwhile, or never finished',
  });
}
