import { drillChoices, drillTriggers, taskStates, type DrillRecord } from '#contracts';
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

export interface DrillDocument extends Mutable<DrillRecord> {
  /** The backup, while the drill is not over: a use of it. Otherwise absent, never null. */
  open?: string;
  /** It failed or found differences, and nobody was told yet. */
  alertDue: boolean;
}

const drilledPart = part({
  db: text,
  collection: text,
  type: text,
  documents: number,
  indexes: number,
  differences: texts,
});

const answerPart = part({
  name: text,
  count: numberOrNull,
  expect: part({ min: numberOrNull, max: numberOrNull }),
  ok: flag,
});

const reportPart = part({
  outcome: { ...text, enum: ['equal', 'different'] },
  namespaces: list(drilledPart),
  queries: list(answerPart),
  warnings: texts,
  documents: number,
  bytes: number,
  restoreMs: number,
  compareMs: number,
});

export const drillSchema = recordSchema<DrillDocument>('drills', {
  drillId: text,
  status: { ...text, enum: [...taskStates] },
  trigger: { ...text, enum: [...drillTriggers] },
  choice: { ...text, enum: [...drillChoices] },
  slot: dateOrNull,
  target: text,
  backupId: text,
  targetName: text,
  createdAt: date,
  startedAt: dateOrNull,
  completedAt: dateOrNull,
  correlationId: anyText,
  requestedBy: anyText,
  stage: textOrNull,
  report: partOrNull(reportPart),
  errorMessage: textOrNull,
  error: partOrNull(errorPart),
  failures: counter,
  claim: { type: claimPart, default: () => ({ ...unclaimed }) },
  jobNumber: counter,
  nextAttemptAt: dateOrNull,
  cancelRequestedAt: dateOrNull,
  open: { type: String },
  alertDue: flag,
});

drillSchema.index({ drillId: 1 }, { unique: true });
drillSchema.index({ open: 1 }, { partialFilterExpression: { open: { $type: 'string' } } });
// The list without a filter, and with one: what an equality leaves comes in the order of the list.
drillSchema.index({ createdAt: 1, drillId: 1 });
for (const key of ['status', 'target', 'backupId'] as const) drillSchema.index({ [key]: 1, createdAt: 1, drillId: 1 });
drillSchema.index({ target: 1, completedAt: 1 });
drillSchema.index({ target: 1, slot: 1 });
drillSchema.index({ status: 1, completedAt: 1 });
drillSchema.index({ alertDue: 1 }, { partialFilterExpression: { alertDue: true } });
