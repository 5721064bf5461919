import type { RecordView } from './record-view.js';
import type { TaskView } from './rest-rules.js';
import type { Violation } from './rules.js';

/** What came to an end in a run, by name. */
export type Work = ReadonlyMap<string, number>;

/** So many of it in a minute at least: about a third of what a run on two slow cores comes to. */
const leastAMinute: Readonly<Record<string, number>> = {
  'backups made': 2,
  'backups deleted': 0.7,
  'backups cancelled': 0.3,
  verifications: 1,
  cleanups: 0.7,
  'restores by the service': 0.5,
};

/** Counted after all is over: a backup that was made may be deleted, or missing, since. */
export function workOf(records: readonly RecordView[], tasks: readonly TaskView[]): Work {
  const are = (...states: string[]) => records.filter(({ status }) => states.includes(status)).length;
  const done = tasks.filter(({ status }) => status === 'completed');
  const ofKind = (kind: TaskView['kind']) => done.filter((task) => task.kind === kind).length;
  return new Map([
    ['backups made', are('completed', 'deleted', 'missing')],
    ['backups deleted', are('deleted')],
    ['backups cancelled', are('cancelled')],
    ['verifications', ofKind('verify')],
    ['cleanups', ofKind('cleanup')],
    ['restores by the service', ofKind('restore')],
  ]);
}

/** A run in which nothing happened proves nothing, however clean it was. */
export function tooLittle(work: Work, minutes: number): Violation[] {
  return Object.entries(leastAMinute).flatMap(([what, least]): Violation[] => {
    const wanted = Math.floor(least * minutes);
    const count = work.get(what) ?? 0;
    return count >= wanted ? [] : [{ rule: 'work', text: `${what}: ${count}, where ${wanted} are the least` }];
  });
}
