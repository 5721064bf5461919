/** What must be true; the invariants I1 to I12 of docs/reliability.md and what follows from a successful reply. */
export const rules = {
  complete: 'I1: a completed backup has exactly its committed objects, and the key opens them',
  equal: 'I2: a restore gives the documents as they stood while the backup was made',
  ended: 'I3: nothing stays unfinished when the faults are over',
  unreferenced: 'I4: nothing lies in the store that no backup names',
  kept: 'I5: retention and deletion take neither the last good backup nor a pinned one',
  secret: 'I6: no secret in logs, queue, records, or plain objects',
  slot: 'I7: a slot has at most one record, and none while the schedule is paused',
  untouched: 'I8: a damaged backup is found, and never reaches a restore target',
  memory: 'I9: the memory of a worker is bounded',
  reply: 'I10: the API answers in time, and never 500',
  cause: 'I11: every failure names its cause, its stage and the next step',
  process: 'I12: processes end when told, never by themselves, and leave none behind',
  alone: 'a target has at most one running backup',
  promise: 'a successful reply is never contradicted later',
  move: 'a record changes its state only as docs/DESIGN.md says, and does not vanish',
  work: 'a run does what it is there for: each kind of work comes to a good end often enough',
  unexpected: 'no error that nobody expected',
} as const;

export type Rule = keyof typeof rules;

export interface Violation {
  readonly rule: Rule;
  readonly text: string;
  /** The backup that it is about. */
  readonly backupId?: string;
}

/** What the harness did to a stored backup behind the product's back. */
export type Damage = 'flipped' | 'removed';
