import { Schema } from 'mongoose';
import type { WorkerReport } from '#contracts';
import {
  anyText,
  date,
  dateOrNull,
  flag,
  list,
  number,
  numberOrNull,
  part,
  recordSchema,
  text,
  textOrNull,
  texts,
} from './schema-options.js';

const booleanOrNull = { type: Boolean, default: null } as const;
const targetPart = part({
  target: text,
  reachable: booleanOrNull,
  serverVersion: textOrNull,
  topology: textOrNull,
  detail: textOrNull,
  checkedAt: dateOrNull,
  databases: texts,
});

const restoreTargetPart = part({
  target: text,
  scratch: flag,
  reachable: booleanOrNull,
  serverVersion: textOrNull,
  topology: textOrNull,
  detail: textOrNull,
  checkedAt: dateOrNull,
});

const destinationPart = part({ name: text, location: anyText, ok: booleanOrNull, detail: textOrNull });

export const workerReportSchema = recordSchema<WorkerReport>('workers', {
  workerId: text,
  version: anyText,
  startedAt: date,
  beatAt: date,
  beatSeconds: number,
  host: anyText,
  nodeVersion: anyText,
  tools: { type: Schema.Types.Mixed, default: () => ({}) },
  keyIds: texts,
  reads: { type: Boolean },
  openingKeyIds: { type: [String], default: null },
  currentKeyIds: { type: [String], default: null },
  storeId: textOrNull,
  storeLocation: anyText,
  storeFreeBytes: numberOrNull,
  storeOk: booleanOrNull,
  storeDetail: textOrNull,
  targets: list(targetPart),
  restoreTargets: list(restoreTargetPart),
  destinations: list(destinationPart),
  look: { type: Schema.Types.Mixed, default: null },
});

workerReportSchema.index({ workerId: 1 }, { unique: true });
// A worker that was killed is forgotten after a day; one that is alive publishes itself again.
workerReportSchema.index({ beatAt: 1 }, { expireAfterSeconds: 86_400 });
