import { AppError, type AuditRecord, type ScheduleRecord, type WorkerReport } from '#contracts';
import type {
  AuditRepository,
  ScheduleRepository,
  SettingsRepository,
  WorkerRepository,
} from '../contract/service-state.js';
import type { SettingDocument } from '../schemas/setting.schema.js';
import type { RecordCollection } from '../store/record-collection.js';

// The small collections, one document a target, a worker, a setting.

function withoutIds<T extends object>(document: T): T {
  const stored: T & { readonly _id?: unknown; readonly __v?: unknown } = document;
  const { _id, __v, ...record } = stored;
  return record as unknown as T;
}

export function scheduleRepository(schedules: RecordCollection<ScheduleRecord>): ScheduleRepository {
  const fresh = { lastSlot: null, pausedAt: null, pausedBy: null };
  const insertOnly = (changed: readonly string[]) =>
    Object.fromEntries(Object.entries(fresh).filter(([name]) => !changed.includes(name)));
  return {
    all: async () => (await schedules.find({}, { sort: { target: 1 } })).map(withoutIds),
    async find(target) {
      const found = await schedules.findOne({ target });
      return found === null ? null : withoutIds(found);
    },
    advance: (target, slot) =>
      schedules.upsert({ target }, { $max: { lastSlot: slot }, $setOnInsert: insertOnly(['lastSlot']) }),
    pause: (target, by, at) =>
      schedules.upsert(
        { target },
        { $set: { pausedAt: at, pausedBy: by }, $setOnInsert: insertOnly(['pausedAt', 'pausedBy']) },
      ),
    async resume(target) {
      await schedules.change({ target }, { $set: { pausedAt: null, pausedBy: null } });
    },
  };
}

export function workerRepository(workers: RecordCollection<WorkerReport>): WorkerRepository {
  return {
    publish: ({ workerId, ...report }) => workers.upsert({ workerId }, { $set: report }),
    all: async () => (await workers.find({}, { sort: { workerId: 1 } })).map(withoutIds),
    async remove(workerId) {
      await workers.remove({ workerId });
    },
  };
}

export function auditRepository(events: RecordCollection<AuditRecord>): AuditRepository {
  return {
    async append(entry) {
      await events.insert(entry);
    },
  };
}

export function settingsRepository(settings: RecordCollection<SettingDocument>): SettingsRepository {
  const name = 'storeId';
  const storeId = async () => (await settings.findOne({ name }))?.value ?? null;
  return {
    storeId,
    async bindStore(value) {
      if ((await settings.insert({ name, value })) !== null) return;
      const known = await storeId();
      if (known === value) return;
      throw new AppError({
        code: 'store/changed',
        stage: 'store',
        message: `This store is ${value}, but the catalogue belongs to the store ${known ?? 'unknown'}`,
        hint: 'Is the right bucket, prefix or volume configured? An unmounted volume looks like an empty store. For another store use another catalogue database',
        details: { known, found: value },
      });
    },
  };
}
