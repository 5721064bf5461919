import { targetOfBackupId } from '#contracts';
import type { SyncCatalog, SyncRecord } from './sync-types.js';
import type { Folder } from './walk-folders.js';

const pageSize = 200;

/** A folder beside its record; one of the two may be missing. */
export interface Pair {
  readonly backupId: string;
  readonly folder: Folder | null;
  readonly record: SyncRecord | null;
}

/** Folders and records, both in the order of the folders' keys, side by side: neither is ever held as a whole. */
export async function* joinRecords(
  folders: AsyncGenerator<Folder, void, undefined>,
  records: AsyncGenerator<SyncRecord, void, undefined>,
): AsyncGenerator<Pair, void, undefined> {
  let folder = await folders.next();
  let record = await records.next();
  while (folder.done !== true || record.done !== true) {
    const order = compare(
      folder.done === true ? null : folder.value.backupId,
      record.done === true ? null : record.value.backupId,
    );
    const ofFolder = order <= 0 && folder.done !== true ? folder.value : null;
    const ofRecord = order >= 0 && record.done !== true ? record.value : null;
    const backupId = ofFolder?.backupId ?? ofRecord?.backupId;
    if (backupId === undefined) break;
    yield { backupId, folder: ofFolder, record: ofRecord };
    if (ofFolder !== null) folder = await folders.next();
    if (ofRecord !== null) record = await records.next();
  }
}

/** Every record (of one target) in the order of its folder's key. */
export async function* walkRecords(
  catalog: Pick<SyncCatalog, 'targets' | 'page'>,
  target: string | null,
): AsyncGenerator<SyncRecord, void, undefined> {
  // `a-b/` comes before `a/`, and `a` before `a-b`.
  const targets = (target === null ? [...(await catalog.targets())] : [target]).map((name) => `${name}/`).sort();
  for (const folder of targets) {
    const name = folder.slice(0, -1);
    for (let after: string | null = null; ;) {
      const page: readonly SyncRecord[] = await catalog.page(name, after, pageSize);
      yield* page;
      if (page.length < pageSize) break;
      after = page.at(-1)?.backupId ?? null;
    }
  }
}

/** Nothing comes after everything. */
function compare(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const [left, right] = [placeOf(a), placeOf(b)];
  return left < right ? -1 : Number(left > right);
}

function placeOf(backupId: string): string {
  return `${targetOfBackupId(backupId) ?? ''}/${backupId}`;
}
