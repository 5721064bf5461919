import type { DrillListQuery, DrillRepository } from '../contract/drills.js';
import { op, type Filter } from '../store/record-collection.js';
import { afterFilter } from '../store/after-filter.js';
import { longFields, toDrill, toDrillOrNull, type Drills } from './drill-record.js';

type Queries = Pick<
  DrillRepository,
  | 'find'
  | 'list'
  | 'pendingDue'
  | 'history'
  | 'lastGood'
  | 'lastScheduled'
  | 'first'
  | 'unalerted'
  | 'alerted'
  | 'purge'
>;

const byItself = ['completed', 'completed_with_differences', 'failed'];

export function drillQueries(drills: Drills): Queries {
  return {
    find: async (drillId) => toDrillOrNull(await drills.findOne({ drillId })),

    async list(query) {
      const filter = listFilter(query);
      const direction = query.sortOrder === 'asc' ? 1 : -1;
      const [data, total] = await Promise.all([
        drills.find(
          { ...filter, ...after(query) },
          {
            sort: { createdAt: direction, drillId: direction },
            skip: query.after === undefined ? (query.page - 1) * query.limit : 0,
            limit: query.limit,
            without: longFields,
          },
        ),
        drills.count(filter),
      ]);
      return { data: data.map(toDrill), total };
    },

    async pendingDue(now) {
      const due = [{ nextAttemptAt: null }, { nextAttemptAt: op({ $lte: now }) }];
      const found = await drills.find({ status: 'pending', $or: due }, { sort: { createdAt: 1, drillId: 1 } });
      return found.map(toDrill);
    },

    async history(target, limit) {
      const ended = { target, status: op({ $in: byItself }) };
      return (await drills.find(ended, { sort: { completedAt: -1 }, limit, without: longFields })).map(toDrill);
    },

    async lastGood(target) {
      const good = { target, status: 'completed' };
      return toDrillOrNull(await drills.findOne(good, { sort: { completedAt: -1 }, without: longFields }));
    },

    async lastScheduled(target) {
      const scheduled = { target, slot: op({ $type: 'date' }) };
      return toDrillOrNull(await drills.findOne(scheduled, { sort: { slot: -1 }, without: longFields }));
    },

    async first(target) {
      return toDrillOrNull(await drills.findOne({ target }, { sort: { createdAt: 1 }, without: longFields }));
    },

    async unalerted() {
      const found = await drills.find({ alertDue: true }, { sort: { completedAt: 1 } });
      return found.map(toDrill);
    },

    async alerted(drillId) {
      await drills.change({ drillId }, { $set: { alertDue: false } });
    },

    purge: (endedBefore) =>
      drills.removeAll({ status: op({ $in: [...byItself, 'cancelled'] }), completedAt: op({ $lt: endedBefore }) }),
  };
}

function after({ after, sortOrder }: DrillListQuery): Filter {
  return after === undefined ? {} : afterFilter({ field: 'createdAt', idField: 'drillId', sortOrder }, after);
}

function listFilter({ status, target, backupId, from, to }: DrillListQuery): Filter {
  const range = { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) };
  return {
    ...(status === undefined ? {} : { status }),
    ...(target === undefined ? {} : { target }),
    ...(backupId === undefined ? {} : { backupId }),
    ...(from === undefined && to === undefined ? {} : { createdAt: op(range) }),
  };
}
