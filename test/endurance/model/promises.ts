import type { BackupState } from '#contracts';
import type { RecordView } from './record-view.js';
import type { Violation } from './rules.js';

interface Promised {
  readonly what: string;
  readonly at: number;
  /** The states that keep it. */
  readonly states: ReadonlySet<BackupState> | null;
}

/** What successful replies of the API said of backups; compared with looks at the catalogue that began afterwards. */
export class Promises {
  readonly #promised = new Map<string, Promised[]>();
  readonly #tasks = new Map<string, number>();
  readonly #pauses: { target: string; from: number; to: number }[] = [];

  /** 202 of a trigger: there is such a backup, whatever becomes of it. */
  accepted(backupId: string, at: number): void {
    this.#promise(backupId, { what: 'the trigger was accepted', at, states: null });
  }

  /** The reply to a cancel said `cancelled`. */
  cancelled(backupId: string, at: number): void {
    this.#promise(backupId, { what: 'it was cancelled', at, states: new Set(['cancelled', 'deleted']) });
  }

  /** 204 of a deletion, or the API showed it as deleted. */
  deleted(backupId: string, at: number): void {
    this.#promise(backupId, { what: 'it was deleted', at, states: new Set(['deleted']) });
  }

  /** 202 of a verification or a cleanup. */
  task(taskId: string, at: number): void {
    this.#tasks.set(taskId, at);
  }

  paused(target: string, at: number): void {
    this.#pauses.push({ target, from: at, to: Infinity });
  }

  /** Also when nobody can tell whether it was resumed. */
  resuming(target: string, at: number): void {
    for (const pause of this.#pauses) if (pause.target === target && pause.to === Infinity) pause.to = at;
  }

  /** `asOf`: when the look at the catalogue began. */
  check(records: ReadonlyMap<string, RecordView>, asOf: number): Violation[] {
    return [...this.#promised].flatMap(([backupId, promised]) =>
      promised
        .filter(({ at }) => at < asOf)
        .flatMap(({ what, states }): Violation[] => {
          const status = records.get(backupId)?.status;
          if (status === undefined)
            return [{ rule: 'promise', text: `${what}, and there is no record ${backupId}`, backupId }];
          if (states === null || states.has(status)) return [];
          return [{ rule: 'promise', text: `${backupId} is ${status}, and the reply said that ${what}`, backupId }];
        }),
    );
  }

  checkTasks(taskIds: ReadonlySet<string>, asOf: number): Violation[] {
    return [...this.#tasks]
      .filter(([taskId, at]) => at < asOf && !taskIds.has(taskId))
      .map(([taskId]) => ({ rule: 'promise', text: `${taskId} was accepted, and there is no such task` }));
  }

  checkPauses(records: Iterable<RecordView>): Violation[] {
    return [...records].flatMap(({ backupId, target, slot }): Violation[] => {
      const time = slot?.getTime() ?? NaN;
      if (!this.#pauses.some((pause) => pause.target === target && time > pause.from && time < pause.to)) return [];
      return [{ rule: 'slot', text: `${backupId} was made while the schedule of ${target} was paused`, backupId }];
    });
  }

  #promise(backupId: string, promised: Promised): void {
    this.#promised.set(backupId, [...(this.#promised.get(backupId) ?? []), promised]);
  }
}
