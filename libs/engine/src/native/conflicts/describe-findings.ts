import type { LeftAlone, RestoreConflict, RestoreFindings } from '#contracts';
import type { LoadEngine, LoadRequest, TargetRights, TargetRoom } from '../../engine.js';
import type { NamedEntry } from '../load/name-plan.js';
import { listNames, nameOf } from '../load/names.js';
import { occupantKey } from '../load/target-state.js';
import type { AuthorizationFindings } from './authorization-check.js';
import type { ConflictBounds } from './conflict-bounds.js';
import { authorizationChecked, authorizationConflicts, authorizationUnchecked } from './describe-authorization.js';
import { conflictsOf, documents } from './describe-conflicts.js';
import { oplogChecked, oplogConflicts, oplogUnchecked, type FoundOplog } from './describe-oplog.js';
import type { EntryCheck } from './entry-check.js';
import type { Standing } from './target-names.js';

export interface Seen {
  readonly request: LoadRequest;
  readonly engine: LoadEngine['name'];
  readonly entries: readonly NamedEntry[];
  readonly standing: ReadonlyMap<string, Standing>;
  readonly leftAlone: readonly LeftAlone[];
  readonly checks: readonly EntryCheck[];
  /** As the manifest tells; null when nobody knows. */
  readonly documentsOf: (entry: NamedEntry) => number | null;
  readonly rights: TargetRights;
  readonly room: TargetRoom;
  readonly bounds: ConflictBounds;
  /** Null: users and roles are not restored. */
  readonly authorization: AuthorizationFindings | null;
  readonly oplog: FoundOplog | null;
}

/** More are counted, not listed: a record has its limits. */
const mostListed = 500;

/** All that was found, and what was looked at for it. */
export function describeFindings(seen: Seen): RestoreFindings {
  const { request, engine, entries, standing, rights, room, documentsOf, authorization, oplog } = seen;
  const checks = new Map(seen.checks.map((check) => [check.entry, check]));
  const isComplete = (entry: NamedEntry): boolean =>
    checks.get(entry)?.complete === true || (checks.has(entry) && documentsOf(entry) === 0);
  const found = entries.flatMap((entry) =>
    conflictsOf({
      ...{ request, engine, entry, check: checks.get(entry), isComplete: isComplete(entry) },
      standing: standing.get(occupantKey(entry.db, entry.collection)),
    }),
  );
  const conflicts = [
    ...found,
    ...(authorization === null ? [] : authorizationConflicts(authorization)),
    ...(request.oplogReplay === true ? oplogConflicts(oplog) : []),
    ...ofServer(rights, room),
  ].sort((a, b) => Number(b.blocking) - Number(a.blocking));
  const counts = entries.map(documentsOf);
  return {
    conflicts: conflicts.slice(0, mostListed),
    checked: whatWasChecked(seen),
    notChecked: [
      ...(conflicts.length > mostListed ? [`${conflicts.length - mostListed} more conflicts are not listed`] : []),
      ...whatWasNot(seen, checks, isComplete),
    ],
    estimate: {
      documents: counts.includes(null) ? null : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0),
      ...{ bytes: room.bytes, freeBytes: room.freeBytes },
    },
    leftAlone: seen.leftAlone.slice(0, mostListed),
  };
}

function ofServer(rights: TargetRights, { warning }: TargetRoom): RestoreConflict[] {
  const nobody = { collection: null, documents: null };
  return [
    ...rights.lacking.map(({ db, isCore, text }): RestoreConflict => ({
      kind: 'rights',
      blocking: isCore,
      db,
      ...nobody,
      message: text,
    })),
    ...(warning === undefined
      ? []
      : [{ kind: 'room', blocking: false, db: null, ...nobody, message: warning } satisfies RestoreConflict]),
  ];
}

function whatWasChecked(seen: Seen): string[] {
  const { request, entries, standing, leftAlone, checks, rights, room, authorization, oplog } = seen;
  const looked = sum(checks.map((check) => check.looked));
  const ids = checks.filter(({ ids: one }) => (one?.asked ?? 0) > 0);
  const uniques = checks.flatMap((check) => check.uniques);
  const validators = checks.flatMap((check) => check.validators).filter(({ watch }) => watch.asked > 0);
  return [
    `names: ${entries.length} in the target, of which ${standing.size} ${standing.size === 1 ? 'is' : 'are'} taken; ${leftAlone.length} more in these databases are left alone`,
    `existing ids: ${ids.length === 0 ? 'no collection with documents stands under a name that is written' : `those of ${documents(sum(ids.map((check) => check.ids?.asked ?? 0)))} in ${listNames(ids.map(({ entry }) => nameOf(entry)))}`}`,
    `unique indexes: ${uniques.length}, those on _id included, on ${documents(looked)} of the backup`,
    ...(validators.length === 0
      ? []
      : [
          `validators: ${validators.length}, on ${documents(sum(validators.map(({ watch }) => watch.asked)))} of the backup`,
        ]),
    ...(authorization === null ? [] : authorizationChecked(authorization)),
    ...(request.oplogReplay === true ? oplogChecked(oplog) : []),
    ...(rights.told ? ['rights: what the server says that the user of the URI may do'] : []),
    ...(rights.anonymous ? ['rights: the server asks for no login'] : []),
    ...(room.freeBytes === null || room.bytes === null
      ? []
      : ['room: the documents before compression, without indexes']),
  ];
}

function whatWasNot(
  { request, entries, checks: all, documentsOf, rights, room, bounds, authorization, oplog }: Seen,
  checks: ReadonlyMap<NamedEntry, EntryCheck>,
  isComplete: (entry: NamedEntry) => boolean,
): string[] {
  const collections = entries.filter(({ kind }) => kind === 'collection');
  const partly = collections.filter((entry) => !isComplete(entry));
  const series = entries.filter(({ kind }) => kind === 'timeseries');
  const how = (entry: NamedEntry): string => {
    const total = documentsOf(entry);
    return `${nameOf(entry)} (the first ${checks.get(entry)?.looked ?? 0} of ${total ?? 'an unknown number'})`;
  };
  const limits = `${bounds.documents} documents, ${Math.floor(bounds.bytes / 2 ** 20)} MiB and ${Math.round(bounds.ms / 1000)} seconds`;
  return [
    ...(partly.length === 0
      ? []
      : [`all documents: a dry run looks at most at ${limits}. Only in part: ${listNames(partly.map(how))}`]),
    ...all.flatMap((check) => gapsOf(check)),
    ...(series.length === 0 ? [] : [`the measurements of time series: ${listNames(series.map(nameOf))}`]),
    ...(authorization === null ? [] : authorizationUnchecked(authorization)),
    ...(request.oplogReplay === true ? oplogUnchecked(oplog) : []),
    ...(rights.told || rights.anonymous ? [] : ['rights: the server does not tell what the user may do']),
    ...(room.freeBytes !== null ? [] : ['room: the server does not tell how much its disk has free']),
    ...(room.bytes !== null ? [] : ['room: how large the documents are is not known before they are read']),
    'what is written into the target after this look',
  ];
}

/** What is not known of documents that were looked at. */
function gapsOf({ entry, looked, uniques, validators, unsupported }: EntryCheck): string[] {
  const name = nameOf(entry);
  return [
    ...unsupported.map((what) => `${name}: ${what}`),
    ...uniques
      .filter(({ watch }) => watch.unknown > 0)
      .map(
        ({ watch }) =>
          `${name}: unique index ${watch.index} for ${documents(watch.unknown)}: too many values to remember, or such that only the server can compare`,
      ),
    ...validators.flatMap(({ watch: { asked, unanswered } }) => {
      if (unanswered !== null) return [`${name}: validator: ${unanswered}`];
      return asked < looked ? [`${name}: validator: only the first ${asked} of ${documents(looked)}`] : [];
    }),
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
