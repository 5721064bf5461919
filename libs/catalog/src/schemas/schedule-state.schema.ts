import type { ScheduleRecord } from '#contracts';
import { dateOrNull, recordSchema, text, textOrNull } from './schema-options.js';

export const scheduleStateSchema = recordSchema<ScheduleRecord>('schedules', {
  target: text,
  lastSlot: dateOrNull,
  firstSlot: dateOrNull,
  plan: textOrNull,
  pausedAt: dateOrNull,
  pausedBy: textOrNull,
});

scheduleStateSchema.index({ target: 1 }, { unique: true });
