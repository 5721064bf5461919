import type { RestoreConflict, RestoreConflictKind } from '#contracts';
import type { LoadEngine, LoadRequest } from '../../engine.js';
import type { NamedEntry } from '../load/name-plan.js';
import { nameOf } from '../load/names.js';
import { describe, isEmpty } from '../load/target-state.js';
import type { EntryCheck } from './entry-check.js';
import type { Standing } from './target-names.js';

export interface Looked {
  readonly request: LoadRequest;
  readonly engine: LoadEngine['name'];
  readonly entry: NamedEntry;
  readonly standing: Standing | undefined;
  /** Absent where no document was looked at. */
  readonly check: EntryCheck | undefined;
  readonly isComplete: boolean;
}

type Make = (
  kind: RestoreConflictKind,
  blocking: boolean,
  documents: number | null,
  message: string,
) => RestoreConflict;

/** What stands in the way of one namespace, or is lost by its restore; the worst first. */
export function conflictsOf(looked: Looked): RestoreConflict[] {
  const { db, collection } = looked.entry;
  const make: Make = (kind, blocking, documents, message) => ({
    ...{ kind, blocking, db, collection, documents, message },
  });
  return [
    ...occupied(looked, make),
    ...ofIds(looked, make),
    ...ofSeries(looked, make),
    ...ofIndexes(looked, make),
    ...ofValidators(looked, make),
  ];
}

/** What stands there stays: the mode refuses to go over it. */
function isRefused({ mode }: LoadRequest, standing: Standing | undefined): boolean {
  return mode === 'into-empty' && !isEmpty(standing);
}

function occupied({ request, entry, standing }: Looked, make: Make): RestoreConflict[] {
  if (standing === undefined || !isRefused(request, standing)) return [];
  const what = describe(entry, new Map([[`${entry.db}.${entry.collection}`, standing]]));
  return [
    make('not-empty', true, standing.documents, `${what} is not empty, as the mode asks: the restore is refused`),
  ];
}

function ofIds({ request, entry, standing, check, isComplete }: Looked, make: Make): RestoreConflict[] {
  const ids = check?.ids;
  if (!ids || !standing || ids.asked === 0) return [];
  const name = nameOf(entry);
  const holds = Math.max(standing.documents, ids.found);
  const among = isComplete ? '' : ` (of ${documents(ids.asked)} of it that ${was(ids.asked)} looked at)`;
  const isReplaced = request.mode === 'replace';
  const after = isReplaced ? ': those of the backup take their place' : '';
  const existing = make(
    ...(['existing-ids', false, ids.found] as const),
    `${name}: ${ids.found} of the ${documents(holds)} in the target have an _id that the backup has too${among}${after}`,
  );
  const others = holds - ids.found;
  if (!isReplaced || !isComplete || others === 0) return ids.found > 0 ? [existing] : [];
  const gone = make(
    ...(['only-in-target', false, others] as const),
    `${name}: ${documents(others)} of the target ${others === 1 ? 'has an _id' : 'have an _id each'} that the backup does not have, and ${is(others)} gone afterwards`,
  );
  return ids.found > 0 ? [existing, gone] : [gone];
}

/** A time series of the target that a restore in `replace` goes over: no step puts another in its place at once. */
function ofSeries({ request, engine, entry, standing }: Looked, make: Make): RestoreConflict[] {
  if (standing?.kind !== 'timeseries' || isRefused(request, standing)) return [];
  const held = `${nameOf(entry)}: the target has a time series of ${standing.documents} measurement${standing.documents === 1 ? '' : 's'}`;
  const end =
    engine === 'mongorestore'
      ? 'mongorestore drops it before it loads'
      : entry.kind === 'timeseries'
        ? 'it is dropped when everything else has its name, and that of the backup is made and filled in its place, which takes time: after a kill it is empty or filled in part until the same restore has run again'
        : `it is dropped just before the ${entry.kind} of the backup takes its name`;
  return [make('time-series', false, standing.documents, `${held}: ${end}`)];
}

function ofIndexes({ request, engine, entry, standing, check }: Looked, make: Make): RestoreConflict[] {
  const name = nameOf(entry);
  return (check?.uniques ?? []).flatMap(({ owner, watch: { index, isId, broken } }) => {
    if (owner === 'target') {
      if (isRefused(request, standing)) return [];
      const breaks = broken === 0 ? '' : `; ${documents(broken)} of the backup would break it`;
      const text = `${name}: the target has a unique index ${index} that the backup does not have: it is gone afterwards${breaks}`;
      return [make('unique-index', false, broken, text)];
    }
    if (broken === 0) return [];
    const [isFatal, end] = endOf(request, engine, isId);
    const many = `${documents(broken)} of the backup ${broken === 1 ? 'has' : 'have'}`;
    return isId
      ? [make('duplicate-ids', isFatal, broken, `${name}: ${many} the _id of an earlier one: ${end}`)]
      : [
          make(
            'unique-index',
            isFatal,
            broken,
            `${name}: ${many} the value of an earlier one in the unique index ${index}: ${end}`,
          ),
        ];
  });
}

/** What becomes of documents that break an index of the backup itself. */
function endOf(
  { onConflict, oplogReplay }: LoadRequest,
  engine: LoadEngine['name'],
  isId: boolean,
): [isFatal: boolean, end: string] {
  // Indexes are built when the oplog was replayed, by both; mongorestore stops at an _id that is there all the same.
  if (oplogReplay === true && !(isId && engine === 'mongorestore'))
    return [false, 'the oplog, which is replayed before indexes are built, may make it good'];
  return onConflict === 'fail'
    ? [true, 'the restore would fail, unless onConflict is keep-last']
    : [false, 'the later one of each is kept, the earlier one left out'];
}

function ofValidators({ request, engine, entry, standing, check }: Looked, make: Make): RestoreConflict[] {
  const name = nameOf(entry);
  return (check?.validators ?? []).flatMap(({ owner, isStrict, watch: { unfit } }) => {
    if (owner === 'target') {
      if (isRefused(request, standing)) return [];
      const refuses = unfit === 0 ? '' : `; it would refuse ${documents(unfit)} of the backup`;
      const text = `${name}: the target has a validator that the backup does not have: it is gone afterwards${refuses}`;
      return [make('validator', false, unfit, text)];
    }
    if (unfit === 0) return [];
    // The native engine asks the server to pass its validators over; the official tool does not.
    const isFatal = engine === 'mongorestore' && isStrict;
    const end = isFatal
      ? 'the restore would fail'
      : isStrict
        ? 'they are restored as they are, and a later change of one may be refused'
        : 'they are restored as they are, and the server only warns of them';
    return [
      make(
        'validator',
        isFatal,
        unfit,
        `${name}: ${documents(unfit)} of the backup ${does(unfit)} not fit its own validator: ${end}`,
      ),
    ];
  });
}

export function documents(count: number): string {
  return `${count} document${count === 1 ? '' : 's'}`;
}

function was(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function is(count: number): string {
  return count === 1 ? 'is' : 'are';
}

function does(count: number): string {
  return count === 1 ? 'does' : 'do';
}
