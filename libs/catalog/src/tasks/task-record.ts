import type { TaskRecord } from '#contracts';
import type { TaskDocument } from '../schemas/task.schema.js';
import type { RecordCollection } from '../store/record-collection.js';

export type Tasks = RecordCollection<TaskDocument>;

export function toTaskRecord(document: TaskDocument): TaskRecord {
  const stored: TaskDocument & { readonly _id?: unknown; readonly __v?: unknown } = document;
  const { _id, __v, open, sequence, outcomeDue, ...record } = stored;
  return record;
}

export function toTaskOrNull(document: TaskDocument | null): TaskRecord | null {
  return document === null ? null : toTaskRecord(document);
}

/** The number in a verification's id, `<backupId>-v<n>`; null for other ids (a drill's may end the same). */
export function sequenceOf(taskId: string): number | null {
  if (taskId.startsWith('drill-')) return null;
  const digits = /-v(\d{1,9})$/.exec(taskId)?.[1];
  return digits === undefined ? null : Number(digits);
}
