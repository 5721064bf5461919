import type { BackupQuery, BackupRepository } from '../contract/backups.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter } from '../store/record-collection.js';
import { toBackupRecord, toRecordOrNull, type Backups } from './backup-record.js';
import { isGood } from './is-good.js';
import type { KnownTargets } from './known-targets.js';
import { lastSuccessOf, newest } from './newest.js';

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
  | 'unalerted'
  | 'alerted'
  | 'targets'
  | 'lastSuccess'
>;

/** What grows with the number of namespaces or of years; a list does without. */
export const longFields = ['events', 'metadata.collections', 'warnings'] as const;

/** From here on a page is a deep one. */
const deepSkip = 1000;
/** Records that one query for a good one brings. */
const lookedAtOnce = 100;

const sortKeys: Readonly<Record<BackupQuery['sortBy'], string>> = {
  createdAt: 'createdAt',
  startedAt: 'startedAt',
  completedAt: 'completedAt',
  size: 'size',
  status: 'status',
};

export function queries(backups: Backups, targets: KnownTargets, now: () => Date): Queries {
  const records = (documents: readonly BackupDocument[]) => documents.map(toBackupRecord);
  return {
    find: async (backupId) => toRecordOrNull(await backups.findOne({ backupId })),

    async list(query) {
      const filter = listFilter(query);
      const { limit } = query;
      const page = { skip: (query.page - 1) * limit, limit, sort: listSort(query), without: longFields };
      if (page.skip < deepSkip) {
        const [data, total] = await Promise.all([backups.find(filter, page), backups.count(filter)]);
        return { data: records(data), total };
      }
      // A deep page: the server walks through everything before it, so it is asked for from the nearer end.
      const total = await backups.count(filter);
      const some = Math.min(limit, Math.max(0, total - page.skip));
      const behind = total - page.skip - some;
      if (some === 0) return { data: [], total };
      if (page.skip <= behind) return { data: records(await backups.find(filter, page)), total };
      const sort = listSort({ ...query, sortOrder: query.sortOrder === 'asc' ? 'desc' : 'asc' });
      const data = await backups.find(filter, { ...page, sort, skip: behind, limit: some });
      return { data: records([...data].reverse()), total };
    },

    async pendingDue(at) {
      const due = [{ nextAttemptAt: null }, { nextAttemptAt: op({ $lte: at }) }];
      const filter = { status: 'pending', running: op({ $type: 'string' }), $or: due };
      return records(await backups.find(filter, { sort: { createdAt: 1, backupId: 1 } }));
    },

    async completed(target) {
      const filter = { status: 'completed', ...(target === undefined ? {} : { target }) };
      return records(await backups.find(filter, { sort: { createdAt: 1, backupId: 1 }, without: longFields }));
    },

    async otherGood({ backupId, target }, most = Number.POSITIVE_INFINITY) {
      const found: string[] = [];
      const filter = { status: 'completed', target };
      const page = { limit: lookedAtOnce, only: ['backupId', 'status', 'verifications'] };
      for (let skip = 0; found.length < most; skip += lookedAtOnce) {
        const some = await backups.find(filter, { ...page, skip, sort: { createdAt: -1, backupId: -1 } });
        for (const other of some) if (other.backupId !== backupId && isGood(other)) found.push(other.backupId);
        if (some.length < lookedAtOnce) break;
      }
      return found.slice(0, most);
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

    async latest(target, limit) {
      const ran = { status: op({ $in: ['completed', 'failed'] }), 'error.code': op({ $ne: 'superseded' }) };
      return records(await newest(backups, 'completedAt', { target, ...ran }, now(), { limit, without: longFields }));
    },

    async lastSuccess() {
      const at = now();
      const ends = (await targets.all()).map(
        async (target) => [target, await lastSuccessOf(backups, target, at)] as const,
      );
      return Object.fromEntries(
        (await Promise.all(ends)).flatMap(([target, end]) => (end === null ? [] : [[target, end]])),
      );
    },

    async unalerted() {
      return records(await backups.find({ alertDue: true }, { sort: { completedAt: 1 }, without: longFields }));
    },

    async alerted(backupId) {
      await backups.change({ backupId }, { $set: { alertDue: false } });
    },

    targets: () => targets.all(),
  };
}

export function listFilter({ status, target, trigger, from, to }: BackupQuery): Filter {
  const range = { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) };
  return {
    // Without a state: all but the deleted ones, as an equality, so that an index can give the order as well.
    ...(status === undefined ? { listed: true } : { status }),
    ...(target === undefined ? {} : { target }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(from === undefined && to === undefined ? {} : { createdAt: op(range) }),
  };
}

export function listSort({
  sortBy,
  sortOrder,
}: Pick<BackupQuery, 'sortBy' | 'sortOrder'>): Readonly<Record<string, 1 | -1>> {
  const direction = sortOrder === 'asc' ? 1 : -1;
  return { [sortKeys[sortBy]]: direction, backupId: direction };
}
