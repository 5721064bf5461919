import { createHash } from 'node:crypto';
import type { Random } from './environment.js';

/** A target's name: `[a-z0-9][a-z0-9-]{0,39}` (spec/objects.md). */
export const targetPattern = /^[a-z0-9][a-z0-9-]{0,39}$/;
/** Name of a destination that backups are copied to; `primary` is the store of the environment. */
export const destinationPattern = /^(?!primary$)[a-z][a-z0-9-]{0,31}$/;
/** `<target>-<YYYYMMDD>T<HHMMSS>Z-<6 of [a-z0-9]>` (spec/objects.md). */
export const backupIdPattern = /^([a-z0-9][a-z0-9-]{0,39})-(\d{8}T\d{6}Z)-([a-z0-9]{6})$/;

const base36 = 'abcdefghijklmnopqrstuvwxyz0123456789';
const suffixLength = 6;

export function isTargetName(text: string): boolean {
  return targetPattern.test(text);
}

export function isBackupId(text: string): boolean {
  return backupIdPattern.test(text);
}

/** The target inside a backup id; undefined when the text is no backup id. */
export function targetOfBackupId(backupId: string): string | undefined {
  return backupIdPattern.exec(backupId)?.[1];
}

/** `YYYYMMDDTHHMMSSZ`, the form of a time inside a backup id. */
export function compactTime(at: Date): string {
  return at.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** The time inside a backup id: a slot's, or when somebody asked for it. To the second. */
export function timeOfBackupId(backupId: string): Date | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(backupIdPattern.exec(backupId)?.[2] ?? '') ?? [];
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** A new id of a manual backup: the six last characters are random. */
export function newBackupId(target: string, at: Date, random: Random): string {
  return `${target}-${compactTime(at)}-${randomSuffix(random, suffixLength)}`;
}

/** The id of a scheduled backup: the same for a slot everywhere, so that any number of processes make one backup of it. */
export function slotBackupId(target: string, slot: Date): string {
  const time = compactTime(slot);
  const digest = createHash('sha256').update(`${target}/${time}`, 'utf8').digest();
  const number = digest.readBigUInt64BE(0) % 36n ** BigInt(suffixLength);
  return `${target}-${time}-${number.toString(36).padStart(suffixLength, '0')}`;
}

/** `length` random characters of `[a-z0-9]`, without bias. */
export function randomSuffix(random: Random, length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      // 252 = 7 * 36: bytes above would make the first letters likelier.
      if (byte < 252 && text.length < length) text += base36.charAt(byte % 36);
    }
  }
  return text;
}
