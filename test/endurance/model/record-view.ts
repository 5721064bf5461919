import type { Document } from 'mongodb';
import { saysDamaged, type BackupState, type ErrorCode } from '#contracts';

/** What the model looks at of a backup's record, as it lies in the catalogue. */
export interface RecordView {
  readonly backupId: string;
  readonly target: string;
  readonly status: BackupState;
  readonly slot: Date | null;
  readonly fence: number;
  readonly pinned: boolean;
  readonly label: string | null;
  readonly hash: string | null;
  readonly size: number | null;
  readonly s3Key: string | null;
  /** The attempt that was committed. */
  readonly commitAttempt: number | null;
  readonly error: { readonly code: string; readonly stage: string; readonly hint: string | null } | null;
  readonly errorMessage: string | null;
  /** The newest verification that is a verdict. */
  readonly verdict: 'good' | 'bad' | null;
  /** The store's marks are older than the record's. */
  readonly marksBehind: boolean;
  readonly nextAttemptAt: Date | null;
  /** When a deletion was begun last. */
  readonly deletingAt: Date | null;
  readonly deletedAt: Date | null;
}

interface StoredVerification {
  readonly status: string;
  readonly error: { readonly code: ErrorCode } | null;
}

export function viewOf(document: Document): RecordView {
  const stored = document as RecordView & {
    readonly claim: { readonly fence: number };
    readonly commit: { readonly attempt: number } | null;
    readonly verifications: readonly StoredVerification[];
    readonly events: readonly { readonly at: Date; readonly type: string }[];
  };
  const { backupId, target, status, slot, pinned, label, hash, size, s3Key, error, errorMessage } = stored;
  const { marksBehind, nextAttemptAt, deletedAt, claim, commit, events } = stored;
  return {
    ...{ backupId, target, status, slot, pinned, label, hash, size, s3Key, error, errorMessage },
    ...{ marksBehind, nextAttemptAt, deletedAt },
    fence: claim.fence,
    commitAttempt: commit?.attempt ?? null,
    verdict: verdictOf(stored.verifications),
    deletingAt: events.findLast(({ type }) => type === 'deleting')?.at ?? null,
  };
}

function verdictOf(verifications: readonly StoredVerification[]): 'good' | 'bad' | null {
  const verdicts = verifications.flatMap(({ status, error }) => {
    if (status === 'completed') return ['good' as const];
    return status === 'failed' && error !== null && saysDamaged(error.code) ? ['bad' as const] : [];
  });
  return verdicts.at(-1) ?? null;
}
