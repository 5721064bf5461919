import { isFinal, saysDamaged, type ErrorCode } from '#contracts';
import type { RecordView } from './record-view.js';
import type { Damage, Violation } from './rules.js';

export interface TaskView {
  readonly taskId: string;
  /** `verify`, `cleanup` or `restore`. */
  readonly kind: string;
  /** Of a verification or a restore. */
  readonly backupId: string | null;
  readonly status: string;
  readonly nextAttemptAt: Date | null;
  readonly error: { readonly code: string; readonly stage: string; readonly hint: string | null } | null;
}

const taskEnds = ['completed', 'completed_with_differences', 'failed', 'cancelled'];

/** What is still to be done, each in words. */
export function unfinished(records: readonly RecordView[], tasks: readonly TaskView[]): string[] {
  return [
    ...records.filter(({ status }) => !isFinal(status)).map(({ backupId, status }) => `${backupId} is ${status}`),
    ...records
      .filter(({ status, marksBehind }) => status === 'completed' && marksBehind)
      .map(({ backupId }) => `the marks of ${backupId} are not written`),
    ...tasks.filter(({ status }) => !taskEnds.includes(status)).map(({ taskId, status }) => `${taskId} is ${status}`),
  ];
}

export function notEnded(records: readonly RecordView[], tasks: readonly TaskView[]): Violation[] {
  return unfinished(records, tasks).map((text) => {
    const backupId = records.find((record) => text.includes(record.backupId))?.backupId;
    return { rule: 'ended', text, ...(backupId === undefined ? {} : { backupId }) };
  });
}

export function withoutCause(records: readonly RecordView[], tasks: readonly TaskView[]): Violation[] {
  const bare = (error: TaskView['error']) =>
    error === null || error.code === '' || error.stage === '' || (error.hint ?? '') === '';
  return [
    ...records
      .filter(({ status, error, errorMessage }) => status === 'failed' && (bare(error) || (errorMessage ?? '') === ''))
      .map(({ backupId, error, errorMessage }): Violation => {
        const text = `${backupId} failed with ${JSON.stringify(error)}, message ${JSON.stringify(errorMessage)}`;
        return { rule: 'cause', text, backupId };
      }),
    ...tasks
      .filter(({ status, error }) => status === 'failed' && bare(error))
      .map(({ taskId, error }): Violation => ({
        rule: 'cause',
        text: `${taskId} failed with ${JSON.stringify(error)}`,
      })),
  ];
}

/** What may end a backup here: what is away, dies or is slow. Everything else would be lived through, or is a mistake. */
const causes = [
  ...['superseded', 'worker-lost', 'source/unreachable', 'engine/stalled', 'store/unreachable', 'catalog/unavailable'],
];

/** Failures that no fault of ours explains. */
export function unexplained(records: readonly RecordView[]): Violation[] {
  return records
    .filter(({ status, error }) => status === 'failed' && !causes.includes(error?.code ?? ''))
    .map(({ backupId, error, errorMessage }) => {
      const text = `${backupId} failed with ${error?.code ?? 'no code'}: ${errorMessage ?? ''}`;
      return { rule: 'unexpected', text, backupId };
    });
}

/** Verifications that called a backup damaged which nobody had damaged. */
export function falseAlarms(tasks: readonly TaskView[], damaged: ReadonlyMap<string, Damage>): Violation[] {
  return tasks.flatMap(({ taskId, backupId, status, error }): Violation[] => {
    if (status !== 'failed' || backupId === null || error === null || damaged.has(backupId)) return [];
    if (!saysDamaged(error.code as ErrorCode)) return [];
    return [{ rule: 'complete', text: `${taskId} says ${error.code}, and nobody had damaged it`, backupId }];
  });
}

/** After every backup was verified once more: what was damaged is known to be, and nothing else is said to be. */
export function misjudged(records: readonly RecordView[], damaged: ReadonlyMap<string, Damage>): Violation[] {
  return records.flatMap(({ backupId, status, verdict }): Violation[] => {
    if (status !== 'completed' && status !== 'missing') return [];
    const damage = damaged.get(backupId);
    const found = status === 'missing' ? 'missing' : verdict === 'bad' ? 'bad' : 'good';
    if (damage === undefined) {
      if (found === 'good' && verdict === 'good') return [];
      const text = `${backupId} was not damaged, and is ${found === 'good' ? 'not verified' : found}`;
      return [{ rule: 'complete', text, backupId }];
    }
    if (found !== 'good') return [];
    return [{ rule: 'untouched', text: `${backupId} was ${damage}, and no verification found it`, backupId }];
  });
}
