import { primaryStore } from '#contracts';
import type { Backups } from '../backups/backup-record.js';
import { op } from '../store/record-collection.js';
import type { Copies } from './copy-record.js';
import { whole, workedOn } from './copy-record.js';
import { insertCopy } from './plan-copies.js';

const wantedFields = ['backupId', 'target', 'completedAt', 'createdAt', 'size', 'status', 'place'];

/** Which of them stand in a destination. */
export async function standingCopies(copies: Copies, backupIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (backupIds.length === 0) return new Set();
  const filter = { backupId: op({ $in: [...backupIds] }), destination: op({ $ne: primaryStore }), ...whole };
  return new Set((await copies.find(filter, { only: ['backupId'] })).map(({ backupId }) => backupId));
}

/** The ways home that are open, in line with the records. Every change is conditional, so that any number of workers may plan at once. */
export async function planHome(copies: Copies, backups: Backups): Promise<number> {
  const away = await backups.find(
    {
      status: op({ $in: ['completed', 'missing'] }),
      $or: [{ status: 'missing' }, { status: 'completed', place: op({ $ne: null }) }],
    },
    { only: wantedFields, sort: { completedAt: 1 } },
  );
  const ids = away.map(({ backupId }) => backupId);
  const standing = await standingCopies(copies, ids);
  const known = await copies.find({ destination: primaryStore }, { only: ['copyId', 'backupId', 'state'] });
  const knownIds = new Set(known.map(({ backupId }) => backupId));
  let changes = 0;
  for (const backup of away) {
    if (knownIds.has(backup.backupId)) continue;
    // What nobody has is not on its way.
    if (backup.status === 'missing' && !standing.has(backup.backupId)) continue;
    if (await insertCopy(copies, backup, primaryStore)) changes += 1;
  }
  const wanted = new Set(ids);
  for (const { copyId, backupId } of known) {
    if (wanted.has(backupId)) continue;
    // It is home, or nobody wants it any more; who works on it sees that for himself.
    if (await copies.remove({ copyId, state: op({ $nin: [...workedOn] }) })) changes += 1;
  }
  return changes;
}
