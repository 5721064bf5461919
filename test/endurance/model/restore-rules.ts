import { saysDamaged, type ErrorCode } from '#contracts';
import type { Damage, Violation } from './rules.js';
import type { TaskView } from './rest-rules.js';
import type { SourceHistory, Span } from './source-history.js';

/** A restore that the API accepted. */
export interface AskedRestore {
  readonly restoreId: string;
  readonly backupId: string;
  /** Whose backup it is. */
  readonly target: string;
  /** Where it goes: empty before. */
  readonly database: string;
  /** While the backup was made; null: nobody knows, for its commit could not be read. */
  readonly span: Span | null;
  /** What had been done to the backup before the restore was asked for. */
  readonly wasDamaged: Damage | undefined;
}

/** What the target holds when the restore is over. */
export interface RestoredDatabase {
  readonly collections: readonly string[];
  /** Of `contentsOf`. */
  readonly documents: ReadonlyMap<string, string>;
}

/** What may end a restore here: what is away, dies or is slow. */
const causes = ['worker-lost', 'store/unreachable', 'target/unreachable', 'engine/stalled', 'catalog/unavailable'];
/** After these nobody reached the target to clear it away: the next restore that does takes it over. */
const outOfReach = ['worker-lost', 'target/unreachable'];
const own = '_hazina_';

/** I2 and I8 for a restore by the service, when all is at rest. `damaged`: what has been done to its backup by now. */
export function judgeRestore(
  asked: AskedRestore,
  task: TaskView,
  found: RestoredDatabase,
  history: Pick<SourceHistory, 'compare'> | undefined,
  damaged: Damage | undefined,
): Violation[] {
  const { restoreId, backupId } = asked;
  const violation = (rule: Violation['rule'], text: string): Violation => ({
    rule,
    text: `${restoreId} of ${backupId} ${text}`,
    backupId,
  });
  const code = task.error?.code ?? '';
  switch (task.status) {
    case 'completed': {
      if (asked.wasDamaged !== undefined)
        return [violation('untouched', `went well, and the backup was ${asked.wasDamaged}`)];
      const differences = asked.span === null ? [] : (history?.compare(found.documents, asked.span) ?? []);
      return [
        ...differences.map((text) => violation('equal', `completed: ${text}`)),
        ...found.collections
          .filter((name) => name.startsWith(own))
          .map((name) => violation('ended', `completed and left ${name}`)),
      ];
    }
    case 'failed':
    case 'cancelled': {
      // Its workers were lost while it gave names: what it says of the target must be so.
      const isHalfDone = code === 'restore/unfinished' && found.collections.some((name) => name.startsWith(own));
      const isExplained =
        isHalfDone || causes.includes(code) || (damaged !== undefined && saysDamaged(code as ErrorCode));
      const isLeft = (name: string) => !isHalfDone && (!name.startsWith(own) || !outOfReach.includes(code));
      const left = found.collections.filter(isLeft);
      return [
        ...(task.status === 'failed' && !isExplained ? [violation('unexpected', `failed with ${code}`)] : []),
        ...left.map((name) => violation('untouched', `${task.status} (${code}), and left ${name}`)),
      ];
    }
    default:
      return [violation('unexpected', `ended as ${task.status}`)];
  }
}
