import type { RecordView } from './record-view.js';

/** A completed, verified record of a test, with these changes. */
export function recordOf(backupId: string, changes: Partial<RecordView> = {}): RecordView {
  return {
    ...{ backupId, target: 'clinic', status: 'completed', slot: null, fence: 1, pinned: false, label: null },
    ...{ hash: 'aa', size: 10, s3Key: `backups/clinic/${backupId}/1/data.hzn`, commitAttempt: 1 },
    ...{ error: null, errorMessage: null, verdict: 'good', marksBehind: false, nextAttemptAt: null },
    ...{ deletingAt: null, deletedAt: null },
    ...changes,
  };
}
