import { AppError, isBackupId, isImported, isTimestamp, seriesFactsOf, seriesOf, type BackupJson } from '#contracts';
import { isBareRecord, listBackups, requireBackupJson } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from './context.js';

export interface WhichBackup {
  readonly id: string | undefined;
  readonly latest: boolean;
  /** Only backups completed at or before this time. */
  readonly at?: string | undefined;
  readonly target?: string | undefined;
}

/** The backup that the arguments name. */
export async function chooseBackup(store: ObjectStore, which: WhichBackup, context: CliContext): Promise<BackupJson> {
  if (which.latest === (which.id !== undefined)) throw bad('Give either the ID of a backup or --latest');
  if (which.id === undefined) return latest(store, which, context);
  if (!isBackupId(which.id)) throw bad(`"${which.id}" is no backup ID`);
  return requireBackupJson(store, which.id, context.signal);
}

async function latest(store: ObjectStore, which: WhichBackup, context: CliContext): Promise<BackupJson> {
  const { backups: all, damaged } = await listBackups(store, which.target, context.signal);
  // What a restore replaced is a part of something, and no backup of a target, unless it is asked for.
  const asked = which.target === undefined ? all.filter(({ trigger }) => trigger !== 'safety') : all;
  // An imported dump is as old as it was made, whenever it was taken in.
  const made = asked.filter((backup) => !isImported(backup));
  const backups = made.length > 0 ? made : asked;
  for (const { error } of damaged) context.warn(error.message);
  const targets = [...new Set(backups.map(({ target }) => target))];
  if (targets.length > 1) throw bad(`--latest needs --target: the store holds backups of ${targets.join(', ')}`);
  const before = which.at === undefined ? undefined : parseTime(which.at);
  const now = context.clock.now().toISOString();
  for (const backup of backups) {
    if (before !== undefined && backup.completedAt > before) continue;
    const doubt =
      backup.completedAt > now
        ? 'it is dated after this machine’s clock'
        : (await isBareRecord(store, backup, context.signal))
          ? 'neither its data nor its manifest is in the store'
          : undefined;
    if (doubt === undefined) {
      warnOfPart(backup, backups, context);
      return backup;
    }
    context.warn(`${backup.backupId} is not taken for the latest: ${doubt}`);
  }
  throw new AppError({
    code: 'backup/not-found',
    stage: 'arguments',
    message: `There is no backup${before === undefined ? '' : ` completed by ${before}`} in ${store.location}`,
    hint: 'hazina list shows every backup',
  });
}

/** It was asked for, and is taken; but who looks for everything should know where that is. */
function warnOfPart(backup: BackupJson, newestFirst: readonly BackupJson[], context: CliContext): void {
  const series = seriesOf(newestFirst.map(seriesFactsOf));
  const seriesOfOne = (one: BackupJson): string => series(seriesFactsOf(one));
  const part = seriesOfOne(backup);
  if (part === '') return;
  const others = newestFirst.filter((one) => one.completedAt <= backup.completedAt && seriesOfOne(one) !== part);
  const whole = others.find((one) => seriesOfOne(one) === '');
  const which = whole === undefined ? 'one that holds something else' : 'backup of all';
  const other = whole ?? others[0];
  if (other !== undefined)
    context.warn(`${backup.backupId} holds a part alone (${part}): the newest ${which} is ${other.backupId}`);
}

function parseTime(text: string): string {
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return isTimestamp(text) ? text : date.toISOString();
  throw bad(`"${text}" is no time: write it like 2026-11-23T14:00:00Z`);
}

export function bad(message: string): AppError {
  return new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message,
    hint: 'hazina COMMAND --help tells what it takes',
  });
}
