import { AppError, doubtful, found, skipped, wrong, type Finding } from '#contracts';
import type { StoreFinding } from './check-store.js';
import { describeProtection, protectionDoubt, type LockAsk } from './describe-protection.js';
import type { ObjectStore, StoreAbilities, StoreProtection } from './object-store.js';

/** What `checkStore` found, in the fewest lines: one of all that works, and one of each check that failed or leaves a doubt. */
export function storeFindings(
  store: Pick<ObjectStore, 'location'>,
  checks: readonly StoreFinding[],
): readonly Finding[] {
  const clock = checks.filter(({ check }) => check === 'clock');
  const others = checks.filter(({ check }) => check !== 'clock');
  const worked = others.filter(({ ok }) => ok).map(({ check }) => check);
  const speed = others.find(({ check, ok }) => check === 'latency' && ok)?.detail;
  const all =
    worked.length === 0
      ? []
      : [found('store', `${store.location}: ${worked.join(', ')} work${speed === undefined ? '' : `; ${speed}`}`)];
  return [...all, ...others.flatMap((check) => problemOf(`store ${check.check}`, check)), ...clock.map(clockOf)];
}

function clockOf(check: StoreFinding): Finding {
  const [problem] = problemOf('clock of the store', check);
  return problem ?? found('clock of the store', check.detail);
}

function problemOf(name: string, { ok, detail, hint, doubtful: isDoubtful, code }: StoreFinding): Finding[] {
  if (!ok)
    return [
      wrong(
        name,
        new AppError({
          code: code ?? 'store/failed',
          stage: 'store',
          message: detail,
          hint: hint ?? 'hazina storage check tries it again',
        }),
      ),
    ];
  return isDoubtful === true ? [doubtful(name, detail, hint ?? 'hazina storage check tries it again')] : [];
}

/** What a store can do, in words. */
export function describeAbilities({ conditionalCreate, conditionalReplace, presign }: StoreAbilities): string {
  const words = [
    conditionalCreate ? 'creates only what is not there (If-None-Match)' : 'does not honour If-None-Match',
    conditionalReplace ? 'replaces only what it was (If-Match)' : 'does not honour If-Match',
    presign ? 'signs URLs' : 'signs no URLs',
  ];
  return words.join(', ');
}

/** How a bucket guards its objects, and whether it gives the locks that it is asked for; nothing of a store that has no such thing. */
export function protectionFindings(
  protection: StoreProtection | null,
  asks?: readonly LockAsk[],
  name = 'versions and locks',
): readonly Finding[] {
  if (protection === null) return [];
  try {
    const text = describeProtection(protection, asks);
    const doubt = protectionDoubt(protection, asks);
    return [doubt === undefined ? found(name, text) : doubtful(name, text, doubt)];
  } catch (error) {
    return [wrong(name, AppError.from(error, 'store'))];
  }
}

/** A lock that outlives what retention keeps: nothing goes before the lock ends. */
export function lockFindings(lockDays: number | undefined, retentionDays: readonly number[]): readonly Finding[] {
  const shortest = Math.min(...retentionDays);
  if (lockDays === undefined || retentionDays.length === 0 || lockDays <= shortest) return [];
  return [
    doubtful(
      'lock and retention',
      `each backup is locked for ${lockDays} days, and retention would let it go after ${shortest}`,
      'Choose S3_OBJECT_LOCK_DAYS not above BACKUP_RETENTION_DAYS: until the lock ends nothing is removed',
    ),
  ];
}

export interface RoomOptions {
  /** Free bytes that a backup leaves. */
  readonly reserveBytes: number;
  /** Of the newest backup; null: there is none. */
  readonly newestBytes: number | null;
}

/** Room in a directory store: for the reserve, and for another backup like the newest. */
export function roomFinding(freeBytes: number | null, { reserveBytes, newestBytes }: RoomOptions): Finding {
  const name = 'disk of the store';
  if (freeBytes === null) return skipped(name, 'a bucket tells no limit');
  const free = `${inGigabytes(freeBytes)} free`;
  if (freeBytes < reserveBytes)
    return wrong(
      name,
      new AppError({
        code: 'store/reserve-reached',
        stage: 'store',
        message: `${free}, less than BACKUP_DIRECTORY_RESERVE_BYTES (${inGigabytes(reserveBytes)}): no backup is made`,
        hint: 'Make room on its file system, or keep fewer backups',
      }),
    );
  if (newestBytes === null) return found(name, free);
  const more = Math.floor((freeBytes - reserveBytes) / Math.max(1, newestBytes));
  const text = `${free}, room for ${more > 1000 ? 'over 1000' : more} more like the newest (${inGigabytes(newestBytes)})`;
  if (more >= 3) return found(name, text);
  return doubtful(name, text, 'Make room on its file system, or keep fewer backups');
}

function inGigabytes(bytes: number): string {
  return bytes < 100_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}
