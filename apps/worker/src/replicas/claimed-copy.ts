import { AppError, throwIfAborted, type CopyRecord } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import type { Destination } from './destination-types.js';

const dayMs = 86_400_000;

/** A copy that this worker has claimed. */
export interface ClaimedCopy {
  readonly parts: WorkerParts;
  readonly destination: Destination;
  readonly copy: CopyRecord;
  readonly log: WorkerLog;
}

export function refOf({ copyId, claim: { fence } }: CopyRecord) {
  return { id: copyId, fence };
}

export function later({ clock }: WorkerParts, ms: number): Date {
  return new Date(clock.now().getTime() + ms);
}

/** When what was found good at this time is read back again; null: never. */
export function nextVerification(parts: WorkerParts, at: Date): Date | null {
  const againMs = againMsOf(parts);
  return againMs === null ? null : new Date(at.getTime() + againMs);
}

/** Between two verifications of what is kept; null: there is one alone. */
export function againMsOf({ config }: WorkerParts): number | null {
  const { reverifyDays } = config.verify;
  return reverifyDays === null ? null : reverifyDays * dayMs;
}

/** Asked while it is copied: what was deleted meanwhile must not stand there for ever. What is found missing by a cleanup is wanted all the more. */
export async function isStillWanted(
  { catalog }: WorkerParts,
  { backupId }: Pick<CopyRecord, 'backupId'>,
  signal: AbortSignal,
): Promise<boolean> {
  throwIfAborted(signal, 'store');
  const record = await catalog.backups.find(backupId);
  return record?.status === 'completed' || record?.status === 'missing';
}

export function leftToAnother({ copyId }: CopyRecord): AppError {
  return new AppError({
    code: 'run/fenced',
    stage: 'claim',
    message: `${copyId} has been taken over`,
    hint: 'Nothing to do: the worker that has it now goes on with it',
  });
}
