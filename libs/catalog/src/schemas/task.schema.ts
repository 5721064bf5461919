import { rotationOutcomes, syncChanges, taskStates, verificationLevels, type TaskRecord } from '#contracts';
import { claimPart, errorPart, unclaimed } from './run-parts.js';
import {
  anyText,
  counter,
  date,
  dateOrNull,
  flag,
  list,
  number,
  numberOrNull,
  part,
  partOrNull,
  recordSchema,
  text,
  textOrNull,
  texts,
  type Mutable,
} from './schema-options.js';

export interface TaskDocument extends Mutable<TaskRecord> {
  /** The backup, while a verification of it is not final: one at a time. Otherwise absent, never null. */
  open?: string;
  /** A verification is over, and its backup does not know yet. */
  outcomeDue: boolean;
  /** Of a verification: the number in its id. */
  sequence: number | null;
}

const decisionPart = part({ backupId: text, decision: text, reasons: texts });
const resultPart = part({
  dryRun: flag,
  decisions: list(decisionPart),
  removed: number,
  freedBytes: number,
  orphansRemoved: number,
  recordsPurged: number,
  reports: texts,
});

const rotatedPart = part({
  dryRun: flag,
  rewrite: flag,
  keyIds: texts,
  rotated: number,
  current: number,
  failed: number,
  backups: list(
    part({
      backupId: text,
      place: textOrNull,
      outcome: { ...text, enum: [...rotationOutcomes] },
      error: partOrNull(part({ code: text, message: text })),
    }),
  ),
  reports: texts,
});
const syncChangePart = part({ backupId: text, change: text, detail: anyText });
const syncResultPart = part({
  ...{ dryRun: flag, found: number, unchanged: number, leftAlone: number, problems: number, foreign: number },
  counts: part(Object.fromEntries(syncChanges.map((change) => [change, counter]))),
  changes: list(syncChangePart),
  reports: texts,
});

export const taskSchema = recordSchema<TaskDocument>('tasks', {
  taskId: text,
  kind: { ...text, enum: ['verify', 'cleanup', 'rotate', 'sync'] },
  status: { ...text, enum: [...taskStates] },
  createdAt: date,
  startedAt: dateOrNull,
  completedAt: dateOrNull,
  correlationId: anyText,
  backupId: textOrNull,
  level: { ...textOrNull, enum: [...verificationLevels, null] },
  cleanup: partOrNull(part({ target: textOrNull, dryRun: flag, confirm: numberOrNull })),
  result: partOrNull(resultPart),
  rotation: partOrNull(
    part({ target: textOrNull, dryRun: flag, rewrite: flag, keyIds: { type: [String], default: null } }),
  ),
  rotated: partOrNull(rotatedPart),
  sync: partOrNull(part({ target: textOrNull, adopt: flag, dryRun: flag })),
  synced: partOrNull(syncResultPart),
  errorMessage: textOrNull,
  error: partOrNull(errorPart),
  failures: counter,
  claim: { type: claimPart, default: () => ({ ...unclaimed }) },
  jobNumber: counter,
  nextAttemptAt: dateOrNull,
  open: { type: String },
  sequence: numberOrNull,
  outcomeDue: flag,
});

taskSchema.index({ taskId: 1 }, { unique: true });
taskSchema.index({ open: 1 }, { unique: true, partialFilterExpression: { open: { $type: 'string' } } });
taskSchema.index({ status: 1, completedAt: 1 });
taskSchema.index({ backupId: 1, sequence: 1 });
taskSchema.index({ outcomeDue: 1 }, { partialFilterExpression: { outcomeDue: true } });
taskSchema.index({ kind: 1, completedAt: 1 });
