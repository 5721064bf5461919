/** States of a backup record and the moves between them (docs/DESIGN.md, "States, claims, follow-ups"). */
export const backupStates = [
  'pending',
  'in_progress',
  'completed',
  'failed',
  'cancelled',
  'missing',
  'deleting',
  'deleted',
] as const;
export type BackupState = (typeof backupStates)[number];

/** States of restores, drills, verifications and cleanups. */
export const taskStates = [
  'pending',
  'in_progress',
  'completed',
  'completed_with_differences',
  'failed',
  'cancelled',
] as const;
export type TaskState = (typeof taskStates)[number];

const moves: Readonly<Record<BackupState, readonly BackupState[]>> = {
  // `completed`: after commit (1) whoever finishes (2) completes the record, though its claim was lost meanwhile (spec/objects.md, "Commit").
  pending: ['in_progress', 'completed', 'cancelled', 'failed'],
  in_progress: ['in_progress', 'pending', 'completed', 'failed', 'cancelled'],
  completed: ['missing', 'deleting'],
  missing: ['completed', 'deleting'],
  deleting: ['completed', 'missing', 'deleted'],
  failed: ['deleted'],
  cancelled: ['deleted'],
  deleted: [],
};

const taskMoves: Readonly<Record<TaskState, readonly TaskState[]>> = {
  pending: ['in_progress', 'cancelled', 'failed'],
  in_progress: ['in_progress', 'pending', 'completed', 'completed_with_differences', 'failed', 'cancelled'],
  completed: [],
  completed_with_differences: [],
  failed: [],
  cancelled: [],
};

/** Moves of what is no backup: restores, and the drills that follow. */
export function isAllowedTaskMove(from: TaskState, to: TaskState): boolean {
  return taskMoves[from].includes(to);
}

export function isFinalTask(state: TaskState): boolean {
  return taskMoves[state].length === 0;
}

export function isAllowedMove(from: BackupState, to: BackupState): boolean {
  return moves[from].includes(to);
}

/** A state that nothing leaves by itself. */
export function isFinal(state: BackupState): boolean {
  return state !== 'pending' && state !== 'in_progress' && state !== 'deleting';
}

/** What became of a backup in a rotation of keys. Gone: deleted meanwhile. Skipped: not reached, for the store, or AWS KMS, failed again and again. */
export const rotationOutcomes = [
  'rotated',
  'would-rotate',
  'rewritten',
  'would-rewrite',
  'current',
  'gone',
  'failed',
  'skipped',
] as const;
export type RotationOutcome = (typeof rotationOutcomes)[number];

/** Who needs a backup as it stands, besides verifications, restores and drills, which have records of their own (spec/objects.md, "Deletion"). */
export const useKinds = ['rotation', 'rewrite', 'copy'] as const;
export type UseKind = (typeof useKinds)[number];
