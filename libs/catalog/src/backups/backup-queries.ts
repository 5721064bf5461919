import { contentOf, type BackupRecord, type Clock } from '#contracts';
import type { BackupRepository } from '../contract/backups.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter } from '../store/record-collection.js';
import { longFields, toBackupRecord, toRecordOrNull, type Backups } from './backup-record.js';
import { isGood } from './is-good.js';
import type { KnownTargets } from './known-targets.js';
import { listFilter, statusAmong } from './list-filter.js';
import { findPage } from './list-page.js';
import { longTotals } from './long-totals.js';
import { newest, windowsInDays } from './newest.js';
import { leavingOut, parts } from './parts-filter.js';
import { newestEnds, ran } from './newest-ends.js';
import { PageWindows } from './page-windows.js';

type Queries = Pick<
  BackupRepository,
  | 'find'
  | 'list'
  | 'pendingDue'
  | 'completed'
  | 'otherGood'
  | 'count'
  | 'needVerification'
  | 'failedVerifications'
  | 'latest'
  | 'latestCompleted'
  | 'unalerted'
  | 'alerted'
  | 'targets'
  | 'lastSuccess'
  | 'ends'
>;

/** Records that one query for good ones brings, at most; where few are wanted, so many for each: nearly all are good. */
const lookedAtOnce = 100;
const lookedAtForEach = 10;
const dayMs = 86_400_000;

export function queries(backups: Backups, targets: KnownTargets, clock: Clock): Queries {
  const now = () => clock.now();
  const totalOf = longTotals(
    (filter) => backups.count(filter),
    () => clock.monotonicMs(),
  );
  const windows = new PageWindows();
  const records = (documents: readonly BackupDocument[]) => documents.map(toBackupRecord);
  return {
    find: async (backupId) => toRecordOrNull(await backups.findOne({ backupId })),

    async list(query) {
      const total = await totalOf(listFilter(query, now()));
      return { data: records(await findPage(backups, query, { total, now: now(), windows })), total };
    },

    async pendingDue(at) {
      const due = [{ nextAttemptAt: null }, { nextAttemptAt: op({ $lte: at }) }];
      const filter = { status: 'pending', running: op({ $type: 'string' }), $or: due };
      return records(await backups.find(filter, { sort: { waitingSince: 1, createdAt: 1, backupId: 1 } }));
    },

    async completed(target) {
      const filter = { status: 'completed', ...(target === undefined ? {} : { target }) };
      return records(await backups.find(filter, { sort: { createdAt: 1, backupId: 1 }, without: longFields }));
    },

    async otherGood({ target, ...of }, most = Number.POSITIVE_INFINITY) {
      const good = goodOnes(backups, of);
      // A few are nearly always among the newest; some servers sort all that a filter leaves.
      const windows = Number.isFinite(most) ? windowsInDays : [];
      for (const days of windows) {
        const from = new Date(now().getTime() - days * dayMs);
        const found = await good(listFilter({ status: 'completed', target, from }, now()), most);
        if (found.length >= most) return found;
      }
      return good({ status: 'completed', target }, most);
    },

    count: (status) => backups.count({ status }),

    async needVerification(provenBefore, limit) {
      // Those that nobody asked for stand at the epoch.
      const before = new Date(Math.max(provenBefore.getTime(), 1));
      const due = [{ verifyNotBefore: null }, { verifyNotBefore: op({ $lte: now() }) }];
      // A young one that nobody asked for is a new one, and not to be verified again.
      const old = provenBefore.getTime() > 0 ? { completedAt: op({ $lt: before }) } : {};
      const filter = { status: 'completed', verifyFrom: op({ $lt: before }), ...old, $or: due };
      return records(await backups.find(filter, { sort: { verifyFrom: 1, backupId: 1 }, limit, without: longFields }));
    },

    async failedVerifications() {
      const filter = { verificationFailed: true, status: 'completed' };
      return records(await backups.find(filter, { without: ['events', 'metadata.collections'] }));
    },

    async latest(target, limit, without = []) {
      const filter = { target, ...ran(without) };
      return records(await newest(backups, 'completedAt', filter, now(), { limit, without: longFields }));
    },

    async latestCompleted(target, limit) {
      const filter = { target, ...statusAmong('completed') };
      return records(await newest(backups, 'completedAt', filter, now(), { limit, without: longFields }));
    },

    async lastSuccess() {
      const found = Object.entries(await newestEnds(backups, await targets.all(), now()));
      return Object.fromEntries(
        found.flatMap(([target, { lastSuccessAt }]) => (lastSuccessAt === null ? [] : [[target, lastSuccessAt]])),
      );
    },

    ends: async () => newestEnds(backups, await targets.all(), now()),

    async unalerted() {
      return records(await backups.find({ alertDue: true }, { sort: { completedAt: 1 }, without: longFields }));
    },

    async alerted(backupId) {
      await backups.change({ backupId }, { $set: { alertDue: false } });
    },

    targets: () => targets.all(),
  };
}

/** Ids of good records, newest first, without one of them; and, where it is told what that holds, without parts beside it. */
function goodOnes(
  backups: Backups,
  of: Pick<BackupRecord, 'backupId'> & Partial<Pick<BackupRecord, 'database' | 'part'>>,
): (filter: Filter, most: number) => Promise<readonly string[]> {
  const { database = null, part = null } = of;
  const content = contentOf({ database, part });
  const beside = content === null ? [] : parts(content);
  const only = ['backupId', 'status', 'verifications'];
  const page = { only, sort: { createdAt: -1, backupId: -1 } } as const;
  return async (filter, most) => {
    const found: string[] = [];
    let limit = Math.min(lookedAtOnce, most * lookedAtForEach);
    for (let skip = 0; found.length < most;) {
      const some = await backups.find(leavingOut(beside, filter), { ...page, skip, limit });
      for (const other of some) if (other.backupId !== of.backupId && isGood(other)) found.push(other.backupId);
      if (some.length < limit) break;
      skip += limit;
      limit = lookedAtOnce;
    }
    return found.slice(0, most);
  };
}
