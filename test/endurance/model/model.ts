import { MarksPromises } from './marks-promises.js';
import { Promises } from './promises.js';
import { RecordHistory, runningTogether } from './record-history.js';
import type { RecordView } from './record-view.js';
import type { Damage, Violation } from './rules.js';

/** All that is known of what must be true, and every violation so far. */
export class Model {
  readonly promises = new Promises();
  readonly marks = new MarksPromises();
  readonly history = new RecordHistory();
  /** What the harness damaged. */
  readonly damaged = new Map<string, Damage>();
  readonly violations: Violation[] = [];
  checks = 0;
  records: readonly RecordView[] = [];
  readonly #told = new Set<string>();

  constructor(private readonly onViolation: (violation: Violation) => void) {}

  /** The same one is told once. */
  tell(violation: Violation): void {
    const key = `${violation.rule} ${violation.text}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.violations.push(violation);
    this.onViolation(violation);
  }

  judge(violations: readonly Violation[]): void {
    this.checks += 1;
    for (const violation of violations) this.tell(violation);
  }

  /** Two looks at the records, the first begun at `asOf`. */
  look(first: readonly RecordView[], second: readonly RecordView[], asOf: number): void {
    this.judge(this.history.take(first));
    this.judge(runningTogether(first, second));
    this.judge(this.promises.check(new Map(first.map((record) => [record.backupId, record])), asOf));
    this.judge(this.promises.checkPauses(first));
    this.judge(first.flatMap((record) => this.marks.checkDeleted(record)));
    this.records = first;
  }
}
