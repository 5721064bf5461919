import { counter, flag, number, part, text, textOrNull } from './schema-options.js';

// What backups and tasks have in common: a claim, and the error of a run.

export const claimPart = part({ fence: counter, owner: textOrNull, beat: counter, lost: counter });

const errorFields = { code: text, stage: text, retryable: flag, hint: textOrNull };
export const errorPart = part(errorFields);
export const errorWithMessagePart = part({ ...errorFields, message: text });

export const unclaimed = { fence: 0, owner: null, beat: 0, lost: 0 } as const;

export const resourcesPart = part({
  cpuSeconds: number,
  peakRssBytes: number,
  archiveBytesPerSecond: number,
  eventLoopDelayMs: number,
});
