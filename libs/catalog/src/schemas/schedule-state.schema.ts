import { Schema } from 'mongoose';
import type { ScheduleRecord } from '#contracts';
import { dateOrNull, schemaOptions, text, textOrNull } from './schema-options.js';

export const scheduleStateSchema = new Schema<ScheduleRecord>(
  { target: text, lastSlot: dateOrNull, pausedAt: dateOrNull, pausedBy: textOrNull },
  { ...schemaOptions, collection: 'schedules' },
);

scheduleStateSchema.index({ target: 1 }, { unique: true });
