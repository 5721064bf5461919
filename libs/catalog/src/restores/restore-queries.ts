import type { RestoreQuery, RestoreRepository } from '../contract/restores.js';
import { op, type Filter } from '../store/record-collection.js';
import { afterFilter } from '../store/after-filter.js';
import { longFields, toRestore, toRestoreOrNull, type Restores } from './restore-record.js';

type Queries = Pick<RestoreRepository, 'find' | 'list' | 'pendingDue' | 'latest' | 'unalerted' | 'alerted' | 'purge'>;

const byItself = ['completed', 'completed_with_differences', 'failed'];

export function restoreQueries(restores: Restores): Queries {
  return {
    find: async (restoreId) => toRestoreOrNull(await restores.findOne({ restoreId })),

    async list(query) {
      const filter = listFilter(query);
      const direction = query.sortOrder === 'asc' ? 1 : -1;
      const [data, total] = await Promise.all([
        restores.find(
          { ...filter, ...after(query) },
          {
            sort: { createdAt: direction, restoreId: direction },
            skip: query.after === undefined ? (query.page - 1) * query.limit : 0,
            limit: query.limit,
            without: longFields,
          },
        ),
        restores.count(filter),
      ]);
      return { data: data.map(toRestore), total };
    },

    async pendingDue(now) {
      const due = [{ nextAttemptAt: null }, { nextAttemptAt: op({ $lte: now }) }];
      const found = await restores.find({ status: 'pending', $or: due }, { sort: { createdAt: 1, restoreId: 1 } });
      return found.map(toRestore);
    },

    async latest(targetName) {
      const ended = { targetName, dryRun: false, status: op({ $in: byItself }) };
      return toRestoreOrNull(await restores.findOne(ended, { sort: { completedAt: -1 }, without: longFields }));
    },

    async unalerted() {
      const found = await restores.find({ alertDue: true }, { sort: { completedAt: 1 }, without: longFields });
      return found.map(toRestore);
    },

    async alerted(restoreId) {
      await restores.change({ restoreId }, { $set: { alertDue: false } });
    },

    purge: (endedBefore) =>
      restores.removeAll({
        status: op({ $in: [...byItself, 'cancelled'] }),
        completedAt: op({ $lt: endedBefore }),
      }),
  };
}

function after({ after, sortOrder }: RestoreQuery): Filter {
  return after === undefined ? {} : afterFilter({ field: 'createdAt', idField: 'restoreId', sortOrder }, after);
}

function listFilter({ status, targetName, backupId, from, to }: RestoreQuery): Filter {
  const range = { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) };
  return {
    ...(status === undefined ? {} : { status }),
    ...(targetName === undefined ? {} : { targetName }),
    ...(backupId === undefined ? {} : { backupId }),
    ...(from === undefined && to === undefined ? {} : { createdAt: op(range) }),
  };
}
