import { AppError } from '#contracts';
import { printable } from '../load/names.js';
import { planCollection } from '../load/plan-types.js';
import { decodeToMap, type BsonMap } from '../load/raw-bson.js';
import { describePlace, type OplogOperation } from './oplog-entry.js';
import { commandOf } from './unfold-transactions.js';

interface Named {
  /** As the source named them. */
  readonly db: string;
  readonly collection: string;
}

/** What an operation asks for, in names of the source. */
export type OplogStep =
  /** `nothing`: no change of data; `server`: what servers keep for themselves; `users`: users and roles, which a restore of data leaves alone. */
  | { readonly kind: 'skip'; readonly what: 'nothing' | 'server' | 'users' }
  /** A document is inserted, changed or removed. */
  | ({ readonly kind: 'write' } & Named)
  | ({ readonly kind: 'create'; readonly options: BsonMap } & Named)
  | ({ readonly kind: 'drop' } & Named)
  | { readonly kind: 'drop-database'; readonly db: string }
  | ({ readonly kind: 'create-indexes'; readonly indexes: readonly BsonMap[] } & Named)
  /** `*`: all but the one on `_id`. */
  | ({ readonly kind: 'drop-index'; readonly index: string } & Named)
  | ({ readonly kind: 'change'; readonly options: BsonMap; readonly index: BsonMap | undefined } & Named);

/** Kinds of entries that change nothing that a restore makes (as mongorestore passes over them). */
const idle = new Set(['n', 'db', 'ci', 'cu', 'cd', 'km']);
const idleCommands = new Set(['startIndexBuild', 'abortIndexBuild', 'setMultikeyMetadata', 'dropIdent', 'dbCheck']);
/** Of old servers; no server takes them any more. */
const forgottenOptions = ['noPadding', 'usePowerOf2Sizes'];
const ofCreate = new Set(['create', 'autoIndexId', 'recordIdsReplicated', 'idIndex', 'uuid', 'temp']);

/** Throws `restore/failed`, with the entry's place, for what cannot be replayed. Looks at the operation only. */
export function interpretOperation(operation: OplogOperation): OplogStep {
  const { op, ns } = operation;
  if (idle.has(op)) return { kind: 'skip', what: 'nothing' };
  const dot = ns.indexOf('.');
  const db = dot < 0 ? ns : ns.slice(0, dot);
  if (isOfServer(db)) return { kind: 'skip', what: 'server' };
  if (op === 'c') return interpretCommand(operation, db);
  if (op !== 'i' && op !== 'u' && op !== 'd') throw cannotReplay(operation, 'it is of a kind that is not known here');
  const collection = ns.slice(dot + 1);
  return skipOf(operation, collection) ?? { kind: 'write', db, collection };
}

function interpretCommand(operation: OplogOperation, db: string): OplogStep {
  const { name, value } = commandOf(operation);
  if (idleCommands.has(name)) return { kind: 'skip', what: 'nothing' };
  if (name === 'dropDatabase') return { kind: 'drop-database', db };
  if (value === undefined) throw cannotReplay(operation, `its command ${quoted(name)} names no collection`);
  const skipped = skipOf(operation, value);
  if (skipped !== null) return skipped;
  const named = { db, collection: value };
  const command = decodeToMap(operation.o);
  switch (name) {
    case 'create': {
      for (const kind of ['viewOn', 'timeseries'])
        if (command.has(kind)) throw cannotReplay(operation, 'it makes a view or a time series');
      return { kind: 'create', ...named, options: without(command, ofCreate) };
    }
    case 'drop':
      return { kind: 'drop', ...named };
    case 'createIndexes':
      return { kind: 'create-indexes', ...named, indexes: [indexOf(command)] };
    case 'commitIndexBuild': {
      const indexes = command.get('indexes');
      if (!Array.isArray(indexes)) throw cannotReplay(operation, 'it lists no indexes');
      return { kind: 'create-indexes', ...named, indexes: indexes.filter(isMap) };
    }
    case 'deleteIndex':
    case 'deleteIndexes':
    case 'dropIndex':
    case 'dropIndexes': {
      const index = command.get('index');
      if (typeof index !== 'string') throw cannotReplay(operation, 'it does not name its index');
      return { kind: 'drop-index', ...named, index };
    }
    case 'collMod': {
      const index = command.get('index');
      const options = without(command, new Set(['collMod', 'index', ...forgottenOptions]));
      return { kind: 'change', ...named, options, index: isMap(index) ? index : undefined };
    }
    default:
      throw cannotReplay(operation, `the command ${quoted(name)} cannot be replayed`);
  }
}

/** Collections whose changes are not replayed; null: it is one of the data. */
function skipOf(operation: OplogOperation, collection: string): OplogStep | null {
  if (collection === planCollection) return { kind: 'skip', what: 'server' };
  if (collection.startsWith('enxcol_.')) throw cannotReplay(operation, 'it belongs to queryable encryption');
  if (!collection.startsWith('system.') || collection.startsWith('system.buckets.')) return null;
  if (collection === 'system.views' && operation.op !== 'c')
    throw cannotReplay(operation, 'a view was made, changed or dropped while the backup was made');
  return { kind: 'skip', what: /^system\.(users|roles|version)$/.test(collection) ? 'users' : 'server' };
}

function isOfServer(db: string): boolean {
  return db === '' || db === 'config' || db === 'local' || db.startsWith('__mdb_internal');
}

/** Of servers up to 8.x the definition stands beside the command's name. */
function indexOf(command: BsonMap): BsonMap {
  const spec = command.get('spec');
  return isMap(spec) ? spec : without(command, new Set(['createIndexes']));
}

function without(map: BsonMap, names: ReadonlySet<string>): BsonMap {
  return new Map([...map].filter(([name]) => !names.has(name)));
}

function isMap(value: unknown): value is BsonMap {
  return value instanceof Map;
}

function quoted(name: string): string {
  return JSON.stringify(printable(name));
}

export const withoutReplay =
  'The target was left as it was. Without the oplog (--no-oplog-replay, oplogReplay: false) the backup can be restored: each collection is then as it was when it was read';

/** What cannot be applied, and where it stands. */
export function cannotReplay(
  operation: Pick<OplogOperation, 'place' | 'op' | 'ns'>,
  why: string,
  cause?: unknown,
): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `The oplog cannot be replayed beyond ${describePlace(operation)}: ${why}`,
    hint: withoutReplay,
    ...(cause === undefined ? {} : { cause }),
    details: { entry: operation.place.number, at: operation.place.at },
  });
}
