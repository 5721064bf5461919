import type { AuditRecord } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';

const longestText = 300;

/** What was let go, and by what. */
export interface LetGo {
  /** The cleanup; or `destinations/<name>`, from which it goes when its lock, if it has one, is over. */
  readonly resource: string;
  readonly correlationId: string | null;
  readonly backupIds: readonly string[];
}

/** Notes in the audit log what retention removed: nobody asked for it by a route. That it cannot be kept changes nothing of it: the records tell it too. */
export async function noteRetention(
  { catalog, clock, log }: Pick<WorkerParts, 'catalog' | 'clock' | 'log'>,
  { resource, correlationId, backupIds }: LetGo,
): Promise<void> {
  if (backupIds.length === 0) return;
  const entry: AuditRecord = {
    ...{ at: clock.now(), event: 'retention_delete', actor: 'retention', role: null, address: null },
    ...{ correlationId, resource },
    outcome: 'success',
    detail: `${backupIds.length}: ${backupIds.join(', ')}`.slice(0, longestText),
  };
  await catalog.audit.append(entry).catch((error: unknown) => {
    log.failure('not in the audit log', error, 'catalog', { resource, backupIds });
  });
}
