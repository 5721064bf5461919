import { copyStates, type CopyRecord } from '#contracts';
import { claimPart, errorPart, unclaimed } from './run-parts.js';
import {
  counter,
  date,
  dateOrNull,
  flag,
  number,
  numberOrNull,
  partOrNull,
  recordSchema,
  text,
  textOrNull,
} from './schema-options.js';

export const copySchema = recordSchema<CopyRecord>('copies', {
  copyId: text,
  backupId: text,
  destination: text,
  target: text,
  state: { ...text, enum: [...copyStates] },
  completedAt: date,
  bytes: number,
  storedBytes: counter,
  stamp: textOrNull,
  sealedAs: numberOrNull,
  attempts: counter,
  error: partOrNull(errorPart),
  errorMessage: textOrNull,
  nextAttemptAt: dateOrNull,
  copiedAt: dateOrNull,
  verifiedAt: dateOrNull,
  verifyAt: dateOrNull,
  thorough: flag,
  removedAt: dateOrNull,
  lockedUntil: dateOrNull,
  outlived: flag,
  claim: { type: claimPart, default: () => ({ ...unclaimed }) },
});

copySchema.index({ copyId: 1 }, { unique: true });
copySchema.index({ backupId: 1 });
copySchema.index({ destination: 1, state: 1, completedAt: 1 });
