import { backupStates, isAllowedMove, type BackupState } from '#contracts';
import type { RecordView } from './record-view.js';
import type { Violation } from './rules.js';

/** The records of one look at the catalogue after the other: what may have become of each since the last look. */
export class RecordHistory {
  #last = new Map<string, RecordView>();
  /** Not found in the last look: told when it is not there the next time either. */
  #missed = new Set<string>();
  /** By target: what was good, and was not found bad since. */
  readonly #good = new Map<string, Set<string>>();
  readonly #told = new Set<string>();
  readonly #forced = new Set<string>();

  /** Somebody asked for a deletion even of the last good one. */
  force(backupId: string): void {
    this.#forced.add(backupId);
  }

  take(records: readonly RecordView[]): Violation[] {
    const violations = [...this.#moves(records), ...this.#vanished(records), ...slots(records)];
    violations.push(...this.#lastGood(records));
    this.#last = new Map([...this.#last, ...records.map((record) => [record.backupId, record] as const)]);
    return violations.filter((violation) => this.#isNew(violation));
  }

  #moves(records: readonly RecordView[]): Violation[] {
    return records.flatMap(({ backupId, status }): Violation[] => {
      const before = this.#last.get(backupId)?.status;
      if (before === undefined || before === status || reachable(before).has(status)) return [];
      return [{ rule: 'move', text: `${backupId} went from ${before} to ${status}`, backupId }];
    });
  }

  /** Only a record that nobody had claimed is ever taken back. */
  #vanished(records: readonly RecordView[]): Violation[] {
    const there = new Set(records.map(({ backupId }) => backupId));
    const gone = [...this.#last.values()].filter(({ backupId }) => !there.has(backupId));
    const twice = gone.filter(({ backupId }) => this.#missed.has(backupId));
    this.#missed = new Set(gone.map(({ backupId }) => backupId));
    return twice
      .filter(({ status, fence }) => status !== 'pending' || fence > 0)
      .map(({ backupId, status }) => ({ rule: 'move', text: `the record ${backupId}, ${status}, is gone`, backupId }));
  }

  #lastGood(records: readonly RecordView[]): Violation[] {
    const violations: Violation[] = [];
    const byId = new Map(records.map((record) => [record.backupId, record]));
    for (const target of new Set(records.map((record) => record.target))) {
      const before = this.#good.get(target) ?? new Set();
      const now = records.filter((record) => record.target === target && isGood(record));
      const deleted = [...before].filter((id) => byId.get(id)?.status === 'deleted');
      if (
        now.length === 0 &&
        before.size > 0 &&
        deleted.length === before.size &&
        !deleted.some((id) => this.#forced.has(id))
      )
        violations.push({
          rule: 'kept',
          text: `no good backup of ${target} is left: ${deleted.join(', ')} went`,
          ...(deleted[0] === undefined ? {} : { backupId: deleted[0] }),
        });
      const stillKnown = [...before].filter((id) => byId.get(id)?.status === 'deleted' && now.length === 0);
      this.#good.set(target, new Set([...now.map(({ backupId }) => backupId), ...stillKnown]));
    }
    return violations;
  }

  #isNew({ rule, text }: Violation): boolean {
    const key = `${rule} ${text}`;
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    return true;
  }
}

function isGood({ status, verdict }: RecordView): boolean {
  return (status === 'completed' || status === 'deleting') && verdict !== 'bad';
}

function slots(records: readonly RecordView[]): Violation[] {
  const bySlot = Map.groupBy(
    records.filter(({ slot }) => slot !== null),
    ({ target, slot }) => `${target} at ${slot?.toISOString() ?? ''}`,
  );
  return [...bySlot].flatMap(([slot, some]): Violation[] => {
    if (some.length < 2) return [];
    return [
      { rule: 'slot', text: `${some.length} records of ${slot}: ${some.map(({ backupId }) => backupId).join(', ')}` },
    ];
  });
}

/**
 * Two looks, one after the other: what both show in progress under the same fence was so in between, so two of one target there were two at once. One look
 * would not do, for a list is not read in one moment.
 */
export function runningTogether(first: readonly RecordView[], second: readonly RecordView[]): Violation[] {
  const running = (records: readonly RecordView[]) => records.filter(({ status }) => status === 'in_progress');
  const before = new Set(running(first).map(({ backupId, fence }) => `${backupId}/${fence}`));
  const both = running(second).filter(({ backupId, fence }) => before.has(`${backupId}/${fence}`));
  return [...Map.groupBy(both, ({ target }) => target)].flatMap(([target, some]): Violation[] => {
    if (some.length < 2) return [];
    const ids = some.map(({ backupId }) => backupId);
    return [{ rule: 'alone', text: `${ids.join(' and ')} of ${target} run at the same time`, backupId: ids[0] ?? '' }];
  });
}

const reached = new Map<BackupState, ReadonlySet<BackupState>>();

/** Every state that allowed moves lead to, for a look may miss those in between. */
function reachable(from: BackupState): ReadonlySet<BackupState> {
  const known = reached.get(from);
  if (known !== undefined) return known;
  const found = new Set<BackupState>();
  const open = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const next of backupStates) {
      if (!isAllowedMove(state, next) || found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  reached.set(from, found);
  return found;
}
