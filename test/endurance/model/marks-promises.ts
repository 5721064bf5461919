import type { RecordView } from './record-view.js';
import type { Violation } from './rules.js';

export interface MarksChange {
  readonly pinned?: boolean;
  readonly label?: string | null;
}

export interface MarksNote {
  readonly change: MarksChange;
  readonly sentAt: number;
  answeredAt: number;
  /** `unknown`: no successful reply so far, and no refusal; it may be done all the same, now or later. `refused`: as if it had never been asked for. */
  outcome: 'done' | 'unknown' | 'refused';
}

/** Pins and labels that people set: what a record must show, and what must not have been deleted. */
export class MarksPromises {
  readonly #notes = new Map<string, MarksNote[]>();

  /** Before the request is sent; the caller notes the outcome when it is known. */
  asked(backupId: string, change: MarksChange, sentAt: number): MarksNote {
    const note: MarksNote = { change, sentAt, answeredAt: Infinity, outcome: 'unknown' };
    this.#notes.set(backupId, [...(this.#notes.get(backupId) ?? []), note]);
    return note;
  }

  /** For records that nothing changes any more. */
  check(record: RecordView): Violation[] {
    const { backupId, pinned, label, status } = record;
    if (status === 'deleted' || status === 'deleting') return [];
    const notes = this.#notes.get(backupId) ?? [];
    const wrong = [...differs(notes, 'pinned', pinned), ...differs(notes, 'label', label)];
    return wrong.map((text) => ({ rule: 'promise', text: `${backupId}: ${text}`, backupId }));
  }

  /** A backup that was pinned when its deletion began, and that nobody unpinned since. */
  checkDeleted({ backupId, status, deletingAt, deletedAt }: RecordView): Violation[] {
    if (status !== 'deleted' || deletingAt === null || deletedAt === null) return [];
    const notes = (this.#notes.get(backupId) ?? []).filter(({ change }) => change.pinned !== undefined);
    const isUnpinned = ({ change }: MarksNote) => change.pinned === false;
    const pin = notes.findLast(
      ({ change, outcome, answeredAt }) =>
        change.pinned === true && outcome === 'done' && answeredAt < deletingAt.getTime(),
    );
    if (pin === undefined) return [];
    const mayBeUnpinned = notes.some(
      (note) =>
        isUnpinned(note) &&
        note.outcome !== 'refused' &&
        (note.sentAt >= pin.sentAt ? note.sentAt <= deletedAt.getTime() : note.outcome === 'unknown'),
    );
    if (mayBeUnpinned) return [];
    return [{ rule: 'kept', text: `${backupId} was pinned, and is deleted`, backupId }];
  }
}

/** Nothing is said of a field that nobody is known to have set. */
function differs<K extends keyof MarksChange>(notes: readonly MarksNote[], field: K, found: MarksChange[K]): string[] {
  const own = notes.filter(({ change }) => change[field] !== undefined);
  const last = own.findLast(({ outcome }) => outcome === 'done');
  if (last === undefined) return [];
  const unknown = own.filter(({ outcome }) => outcome === 'unknown');
  const possible = [last, ...unknown].map(({ change }) => change[field]);
  if (possible.includes(found)) return [];
  const set = possible.map((value) => JSON.stringify(value)).join(' or ');
  return [`${field} is ${JSON.stringify(found)}, and was set to ${set}`];
}
