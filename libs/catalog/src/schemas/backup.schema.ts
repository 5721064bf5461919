import { backupStates, compressions, useKinds, type BackupRecord } from '#contracts';
import { claimPart, errorPart, errorWithMessagePart, resourcesPart, unclaimed } from './run-parts.js';
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

/** A backup as it lies in the collection: the record, and what queries need. */
export interface BackupDocument extends Mutable<Omit<BackupRecord, 'running'>> {
  /** The target, while the record holds its one running place; otherwise absent, never null (the unique index is partial on strings). */
  running?: string;
  /** Since when a place of the fleet is waited for, by it or by the slots that it replaced: whoever waits longest is next. Null: by a version that did not keep it. */
  waitingSince: Date | null;
  /** One of the places of the fleet (`BACKUP_FLEET_CONCURRENCY`), while it is in progress; otherwise absent, never null. */
  fleetPlace?: string;
  /** False once deleted: the first field of the indexes that the list sorts by. */
  listed: boolean;
  /** When a verification was last asked for; the epoch when never. In this order they are verified again. */
  verifyFrom: Date;
  /** A verification could not be made: not tried again before this. */
  verifyNotBefore: Date | null;
  /** Of a record that is `deleting`: the state that a refusal gives back to it. */
  deletingFrom: 'completed' | 'missing' | null;
  /** Who asked for its deletion last; `retention` where that took it, whoever ran it: copies with a retention of their own stay then. */
  deletedBy: string | null;
  /** The newest verification found the backup bad. */
  verificationFailed: boolean;
  /** It failed, and nobody was told yet. */
  alertDue: boolean;
  /** The store's marks are older than the record's. */
  marksBehind: boolean;
  /** When the document was last updated, by the server's clock; the epoch when never. Where listeners go on. */
  changedAt: Date;
}

/** Never asked for. */
export const never = new Date(0);

const eventPart = part({ at: date, type: text, message: anyText });
const collectionPart = part({ name: text, documents: number, bytes: number });
const metadataPart = part({
  collections: list(collectionPart),
  totalDocuments: number,
  totalSize: number,
  compressionRatio: number,
});
const progressPart = part({
  stage: text,
  archiveBytes: number,
  storedBytes: number,
  documents: number,
  estimatedBytes: numberOrNull,
  bytesPerSecond: number,
  updatedAt: date,
});
const verificationPart = part({
  verificationId: text,
  level: text,
  status: text,
  startedAt: dateOrNull,
  completedAt: dateOrNull,
  error: partOrNull(errorWithMessagePart),
});
const verificationStatusPart = part({
  verified: flag,
  level: textOrNull,
  verifiedAt: dateOrNull,
  verificationHash: textOrNull,
});

const usePart = part({
  kind: { ...textOrNull, enum: [...useKinds, null] },
  owner: textOrNull,
  fence: counter,
  beat: counter,
});

export const backupSchema = recordSchema<BackupDocument>('backups', {
  backupId: text,
  target: text,
  trigger: { ...text, enum: ['manual', 'schedule', 'catch-up', 'cli', 'safety'] },
  status: { ...text, enum: [...backupStates] },
  createdAt: date,
  slot: dateOrNull,
  correlationId: text,
  database: textOrNull,
  part: textOrNull,
  s3Key: textOrNull,
  hash: textOrNull,
  size: numberOrNull,
  startedAt: dateOrNull,
  completedAt: dateOrNull,
  errorMessage: textOrNull,
  error: partOrNull(errorPart),
  metadata: partOrNull(metadataPart),
  retentionDate: dateOrNull,
  verificationStatus: { type: verificationStatusPart, default: () => ({}) },
  failures: counter,
  stage: textOrNull,
  progress: partOrNull(progressPart),
  engine: partOrNull(part({ name: text, version: anyText })),
  consistency: partOrNull(part({ mode: text, at: partOrNull(part({ t: number, i: number })) })),
  compression: { ...textOrNull, enum: [...compressions, null] },
  keyIds: texts,
  label: textOrNull,
  pinned: flag,
  verifications: list(verificationPart),
  events: list(eventPart),
  warnings: texts,
  resources: partOrNull(resourcesPart),
  deletedAt: dateOrNull,
  lockedUntil: dateOrNull,
  lastProvenAt: dateOrNull,
  storeId: textOrNull,
  place: textOrNull,
  claim: { type: claimPart, default: () => ({ ...unclaimed }) },
  jobNumber: counter,
  nextAttemptAt: dateOrNull,
  running: { type: String },
  waitingSince: dateOrNull,
  fleetPlace: { type: String },
  cancelRequestedAt: dateOrNull,
  deleteForced: flag,
  deletingFrom: textOrNull,
  deletedBy: textOrNull,
  commit: partOrNull(part({ attempt: number, bytes: text })),
  marks: { type: part({ wanted: counter, written: counter }), default: () => ({}) },
  use: { type: usePart, default: () => ({}) },
  commitDue: flag,
  listed: { ...flag, default: true },
  verifyFrom: { ...date, default: () => never },
  verifyNotBefore: dateOrNull,
  verificationFailed: flag,
  alertDue: flag,
  marksBehind: flag,
  changedAt: { ...date, default: () => never },
});

backupSchema.index({ backupId: 1 }, { unique: true });
backupSchema.index({ running: 1 }, { unique: true, partialFilterExpression: { running: { $type: 'string' } } });
backupSchema.index({ fleetPlace: 1 }, { unique: true, partialFilterExpression: { fleetPlace: { $type: 'string' } } });
backupSchema.index({ target: 1, slot: 1 }, { unique: true, partialFilterExpression: { slot: { $type: 'date' } } });
// The list without a filter, by each of its sort keys …
for (const key of ['createdAt', 'startedAt', 'completedAt', 'size', 'status'] as const)
  backupSchema.index({ listed: 1, [key]: 1, backupId: 1 });
// … and with one: what an equality leaves is small enough to be sorted, or comes in the default order.
backupSchema.index({ status: 1, createdAt: 1, backupId: 1 });
backupSchema.index({ target: 1, createdAt: 1, backupId: 1 });
backupSchema.index({ trigger: 1, createdAt: 1, backupId: 1 });
// The newest outcomes of a target.
backupSchema.index({ target: 1, completedAt: 1, backupId: 1 });
// What was not verified for longest.
backupSchema.index({ status: 1, verifyFrom: 1, backupId: 1 });
// What was written lately, for listeners.
backupSchema.index({ changedAt: 1, backupId: 1 });
// The few that somebody must still do something about.
backupSchema.index({ marksBehind: 1 }, { partialFilterExpression: { marksBehind: true } });
backupSchema.index({ commitDue: 1 }, { partialFilterExpression: { commitDue: true } });
backupSchema.index({ 'use.kind': 1 }, { partialFilterExpression: { 'use.kind': { $type: 'string' } } });
backupSchema.index({ alertDue: 1 }, { partialFilterExpression: { alertDue: true } });
backupSchema.index({ verificationFailed: 1 }, { partialFilterExpression: { verificationFailed: true } });
