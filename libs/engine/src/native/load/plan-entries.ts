import { encryptionRefused, type ArchivedNamespace, type NamedEntry } from './name-plan.js';
import { nameOf } from './names.js';
import { listingRoom } from './left-out.js';
import { newLoadEntry, type LoadEntry } from './load-entry.js';
import { longNameProbe, similarName } from './name-probe.js';
import { hasUniqueIndex, type CollectionSpec } from './collection-spec.js';
import { temporaryPrefix, type Placement } from './plan-types.js';
import type { BsonMap } from './raw-bson.js';
import { readSpec } from './read-spec.js';

/** A namespace of the archive's prelude with its metadata. */
export interface ArchivedCollection extends ArchivedNamespace {
  /** Canonical Extended JSON; null when the archive has none. */
  readonly metadata: string | null;
}

/** Characters of the restore's id in the names of its temporaries. */
const idInNames = 6;

/** Gives every namespace its temporary names and reads its metadata. Throws `target/unsupported` for queryable encryption. */
export function newEntries(
  named: readonly NamedEntry<ArchivedCollection>[],
  filled: ReadonlySet<NamedEntry>,
  restoreId: string,
  { usersAndRoles = false } = {},
): Map<ArchivedCollection, LoadEntry> {
  const id = restoreId.slice(0, idInNames);
  const room = listingRoom();
  return new Map(
    named.map((entry, n) => {
      const spec = readSpec(entry.source.metadata);
      if (spec.options.has('encryptedFields')) throw encryptionRefused(nameOf(entry.source));
      const placement = placementOf(entry, filled);
      const unique = `_${id}_${n}`;
      const plan = {
        from: nameOf(entry.source),
        db: entry.db,
        final: entry.collection,
        temporary: `${temporaryPrefix}${id}_${n}`,
        old: `_hazina_old${unique}`,
        probe: probeFor(entry, filled.has(entry), unique),
        ...(usersAndRoles && n === 0 ? { authorization: authorizationFor(id) } : {}),
        ...(hasUniqueIndex(spec) ? { sieve: sieveFor(id, named.length + 2 * n) } : {}),
        kind: entry.kind,
        placement,
      };
      return [entry.source, newLoadEntry(plan, entry.kind === 'view' ? followBase(spec, entry, named) : spec, room)];
    }),
  );
}

/** One that the archive does not list: made while it was, as its oplog tells. `n`: beyond all numbers in use. */
export function addedEntry(
  named: NamedEntry<ArchivedCollection>,
  options: BsonMap,
  fill: boolean,
  restoreId: string,
  n: number,
): LoadEntry {
  const unique = `_${restoreId.slice(0, idInNames)}_${n}`;
  const plan = {
    from: nameOf(named.source),
    db: named.db,
    final: named.collection,
    temporary: `${temporaryPrefix}${unique.slice(1)}`,
    old: `_hazina_old${unique}`,
    probe: probeFor(named, fill, unique),
    kind: named.kind,
    placement: fill ? ('fill' as const) : ('rename' as const),
  };
  return newLoadEntry(plan, { options, indexes: [] });
}

function sieveFor(id: string, n: number) {
  return { temporary: `${temporaryPrefix}${id}_${n}`, order: { temporary: `${temporaryPrefix}${id}_${n + 1}` } };
}

function authorizationFor(id: string) {
  return {
    users: { temporary: `${temporaryPrefix}${id}_users` },
    roles: { temporary: `${temporaryPrefix}${id}_roles` },
  };
}

function placementOf(entry: NamedEntry, filled: ReadonlySet<NamedEntry>): Placement {
  if (entry.kind === 'view') return 'create';
  return entry.kind === 'timeseries' || filled.has(entry) ? 'fill' : 'rename';
}

function probeFor({ db, collection }: NamedEntry, filled: boolean, unique: string): string | null {
  return longNameProbe(db, collection, unique) ?? (filled ? similarName(collection, unique) : null);
}

/** A view looks at a collection of its own database by name: when that one was renamed within it, the view looks at the new name. */
function followBase(
  spec: CollectionSpec,
  view: NamedEntry<ArchivedCollection>,
  named: readonly NamedEntry<ArchivedCollection>[],
): CollectionSpec {
  const base = named.find(
    ({ source }) => source.db === view.source.db && source.collection === spec.options.get('viewOn'),
  );
  if (base?.db !== view.db || base.collection === base.source.collection) return spec;
  const options = new Map(spec.options).set('viewOn', base.collection);
  return { ...spec, options };
}
