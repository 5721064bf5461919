import { AppError, type ScheduleRecord, type WorkerReport } from '#contracts';
import type {
  ScheduleRepository,
  SeenWorker,
  SettingsRepository,
  WorkerRepository,
} from '../contract/service-state.js';
import type { SettingDocument } from '../schemas/setting.schema.js';
import { logLevelSetting } from './log-level-setting.js';
import { op, type RecordCollection } from '../store/record-collection.js';

// The small collections, one document a target, a worker, a setting.

function withoutIds<T extends object>(document: T): T {
  const stored: T & { readonly _id?: unknown; readonly __v?: unknown } = document;
  const { _id, __v, ...record } = stored;
  return record as unknown as T;
}

export function scheduleRepository(schedules: RecordCollection<ScheduleRecord>): ScheduleRepository {
  return {
    all: async () => (await schedules.find({}, { sort: { target: 1 } })).map(withoutIds),
    async find(target) {
      const found = await schedules.findOne({ target });
      return found === null ? null : withoutIds(found);
    },
    async advance(target, slot) {
      const fresh = { firstSlot: slot, pausedAt: null, pausedBy: null };
      await schedules.upsert({ target }, { $max: { lastSlot: slot }, $setOnInsert: fresh });
      // A pause may have made the record before there was a slot.
      await schedules.change({ target, firstSlot: null }, { $set: { firstSlot: slot } });
    },
    putBack: (target, seenLastSlot, slot) =>
      schedules.change({ target, lastSlot: seenLastSlot }, { $set: { lastSlot: slot, firstSlot: slot } }),
    async takePlan(target, plan, newestSlot) {
      await schedules.change({ target, plan: null }, { $set: { plan } });
      const slots = newestSlot === null ? {} : { firstSlot: newestSlot };
      const advance = newestSlot === null ? {} : { $max: { lastSlot: newestSlot } };
      await schedules.change({ target, plan: op({ $ne: plan }) }, { $set: { plan, ...slots }, ...advance });
    },
    pause: (target, by, at) =>
      schedules.upsert(
        { target },
        { $set: { pausedAt: at, pausedBy: by }, $setOnInsert: { lastSlot: null, firstSlot: null } },
      ),
    async resume(target, newestSlot) {
      // Only the end of a pause moves the slots: asked for twice, the second changes nothing.
      await schedules.change(
        { target, pausedAt: op({ $ne: null }) },
        { $set: { pausedAt: null, pausedBy: null, firstSlot: newestSlot }, $max: { lastSlot: newestSlot } },
      );
    },
  };
}

export function workerRepository(workers: RecordCollection<WorkerReport>): WorkerRepository {
  return {
    publish: ({ workerId, ...report }) =>
      workers.upsert({ workerId }, { $set: report, $currentDate: { beatAt: true } }),
    async all() {
      const sinceBeatMs = { $subtract: ['$$NOW', '$beatAt'] };
      return (await workers.aggregate<SeenWorker>([{ $sort: { workerId: 1 } }, { $set: { sinceBeatMs } }])).map(
        withoutIds,
      );
    },
    async remove(workerId) {
      await workers.remove({ workerId });
    },
  };
}

export function settingsRepository(settings: RecordCollection<SettingDocument>): SettingsRepository {
  const known = async (name: string) => (await settings.findOne({ name }))?.value ?? null;
  const ofDestination = (name: string) => `storeId/${name}`;
  return {
    ...logLevelSetting(settings),
    storeId: () => known('storeId'),
    async bindStore(value) {
      if ((await settings.insert({ name: 'storeId', value })) !== null) return;
      const before = await known('storeId');
      if (before === value) return;
      throw new AppError({
        code: 'store/changed',
        stage: 'store',
        message: `This store is ${value}, but the catalogue belongs to the store ${before ?? 'unknown'}`,
        hint: 'Is the right bucket, prefix or volume configured? An unmounted volume looks like an empty store. For another store use another catalogue database',
        details: { known: before, found: value },
      });
    },
    async keepKdfSalt(value) {
      if ((await known('kdfSalt')) === null) await settings.insert({ name: 'kdfSalt', value });
    },
    kdfSalt: () => known('kdfSalt'),
    destinationStoreId: (name) => known(ofDestination(name)),
    async bindDestination(name, value) {
      if ((await settings.insert({ name: ofDestination(name), value })) !== null) return;
      const before = await known(ofDestination(name));
      if (before === value) return;
      throw new AppError({
        code: 'store/changed',
        stage: 'store',
        message: `The destination ${name} is the store ${value}, but its copies lie in ${before ?? 'unknown'}`,
        hint: 'Was its bucket, prefix or volume changed, or is the volume not mounted? Configure the one from before; to begin anew in this one run hazina destinations accept',
      });
    },
    async forgetDestination(name) {
      await settings.remove({ name: ofDestination(name) });
    },
  };
}
