import { restoreConflictKinds, restoreModes, roles, taskStates, type RestoreRecord } from '#contracts';
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

export interface RestoreDocument extends Mutable<RestoreRecord> {
  /** The backup, while the restore is not over: a use of it. Otherwise absent, never null. */
  open?: string;
  /** The restore target, while this restore alone may write there; otherwise absent, never null (the unique index is partial on strings). */
  running?: string;
  /** It failed, and nobody was told yet. */
  alertDue: boolean;
}

const progressPart = part({
  stage: text,
  documents: number,
  bytes: number,
  expectedDocuments: numberOrNull,
  expectedBytes: numberOrNull,
  bytesPerSecond: number,
  namespaces: list(part({ name: text, documents: number, expectedDocuments: numberOrNull, done: flag })),
  updatedAt: date,
});

const restoredPart = part({
  from: textOrNull,
  db: text,
  collection: text,
  type: textOrNull,
  action: textOrNull,
  documents: numberOrNull,
  bytes: numberOrNull,
  indexes: numberOrNull,
  differences: texts,
  durationMs: numberOrNull,
});

const findingsPart = part({
  conflicts: list(
    part({
      kind: { ...text, enum: [...restoreConflictKinds] },
      blocking: flag,
      db: textOrNull,
      collection: textOrNull,
      documents: numberOrNull,
      message: text,
    }),
  ),
  checked: texts,
  notChecked: texts,
  estimate: { type: part({ documents: numberOrNull, bytes: numberOrNull, freeBytes: numberOrNull }), required: true },
  leftAlone: list(part({ db: text, collection: text, type: text })),
});

const reportPart = part({
  dryRun: flag,
  outcome: { ...text, enum: ['planned', 'restored', 'restored-with-differences'] },
  namespaces: list(restoredPart),
  warnings: texts,
  documents: number,
  durationMs: number,
  findings: partOrNull(findingsPart),
  oplog: partOrNull(part({ entries: number, at: partOrNull(part({ t: number, i: number })) })),
  usersAndRoles: partOrNull(part({ users: number, roles: number })),
});

export const restoreSchema = recordSchema<RestoreDocument>('restores', {
  restoreId: text,
  backupId: text,
  targetName: text,
  mode: { ...text, enum: [...restoreModes] },
  databases: texts,
  include: texts,
  exclude: texts,
  rename: list(part({ from: text, to: text })),
  onConflict: { ...text, enum: ['fail', 'keep-last'] },
  ignoreWrites: flag,
  oplogReplay: { type: Boolean, default: null },
  usersAndRoles: { type: Boolean, default: false },
  dryRun: flag,
  status: { ...text, enum: [...taskStates] },
  createdAt: date,
  startedAt: dateOrNull,
  completedAt: dateOrNull,
  correlationId: anyText,
  requestedBy: anyText,
  role: { ...text, enum: [...roles] },
  phase: { ...textOrNull, enum: ['loading', 'renaming', null] },
  mayLeave: { type: Boolean, default: false },
  progress: partOrNull(progressPart),
  safety: partOrNull(part({ backupId: text, databases: texts, include: texts })),
  report: partOrNull(reportPart),
  errorMessage: textOrNull,
  error: partOrNull(errorPart),
  failures: counter,
  claim: { type: claimPart, default: () => ({ ...unclaimed }) },
  jobNumber: counter,
  nextAttemptAt: dateOrNull,
  cancelRequestedAt: dateOrNull,
  open: { type: String },
  running: { type: String },
  alertDue: flag,
});

restoreSchema.index({ restoreId: 1 }, { unique: true });
restoreSchema.index({ running: 1 }, { unique: true, partialFilterExpression: { running: { $type: 'string' } } });
restoreSchema.index({ open: 1 }, { partialFilterExpression: { open: { $type: 'string' } } });
// The list without a filter, and with one: what an equality leaves comes in the order of the list.
restoreSchema.index({ createdAt: 1, restoreId: 1 });
for (const key of ['status', 'targetName', 'backupId'] as const)
  restoreSchema.index({ [key]: 1, createdAt: 1, restoreId: 1 });
restoreSchema.index({ targetName: 1, completedAt: 1 });
restoreSchema.index({ status: 1, completedAt: 1 });
restoreSchema.index({ 'safety.backupId': 1 }, { partialFilterExpression: { 'safety.backupId': { $type: 'string' } } });
restoreSchema.index({ alertDue: 1 }, { partialFilterExpression: { alertDue: true } });
