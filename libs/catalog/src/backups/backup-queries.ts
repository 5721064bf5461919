import type { BackupQuery, BackupRepository } from '../contract/backups.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter } from '../store/record-collection.js';
import { toBackupRecord, toRecordOrNull, type Backups } from './backup-record.js';
import type { KnownTargets } from './known-targets.js';
import { lastSuccessOf, newest } from './newest.js';

type Queries = Pick<
  BackupRepository,
  | 'find'
  | 'list'
  | 'pendingDue'
  | 'completed'
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
      const options = { sort: listSort(query), skip: (query.page - 1) * query.limit, limit: query.limit };
      const [data, total] = await Promise.all([
        backups.find(filter, { ...options, without: longFields }),
        backups.count(filter),
      ]);
      return { data: records(data), total };
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

    async needVerification(provenBefore, limit) {
      // Those that nobody asked for stand at the epoch.
      const before = new Date(Math.max(provenBefore.getTime(), 1));
      const filter = { status: 'completed', verifyFrom: op({ $lt: before }) };
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

export function listSort({ sortBy, sortOrder }: BackupQuery): Readonly<Record<string, 1 | -1>> {
  const direction = sortOrder === 'asc' ? 1 : -1;
  return { [sortKeys[sortBy]]: direction, backupId: direction };
}
