import type { BackupJson } from '#contracts';
import type { ObjectStore } from '#storage';
import { listBackups } from '../list-backups.js';
import { requireBackupJson } from '../objects/backup-json-file.js';
import type { PlacesCatalog, RotationCatalog, RotationPlace } from '../rotate/rotate-types.js';

// What a destination has and the primary store has no more is sealed anew where it stands; copies of what the primary store has follow it, if anybody copies.

interface Alone {
  readonly alone: ReadonlySet<string>;
  /** What is neither sealed anew there nor follows by itself, in words. */
  readonly left: readonly string[];
  /** Copies that keep their old data keys until somebody copies again, in words: without a catalogue nobody does. */
  readonly behind: readonly string[];
}

/** What of a destination is sealed anew there (what the primary store has no more, and does not get back), and what is left as it is. `planned`: what a dry run would seal anew in the primary store. */
export async function findAlone(
  { store: primary, catalog }: { readonly store: ObjectStore; readonly catalog?: PlacesCatalog },
  { name, store }: RotationPlace,
  { target, planned }: { readonly target: string | null; readonly planned: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<Alone> {
  const there = await listBackups(store, target ?? undefined, signal);
  const here = await listBackups(primary, target ?? undefined, signal);
  const known = new Set([...here.backups, ...here.damaged].map(({ backupId }) => backupId));
  const attempts = new Map(here.backups.map(({ backupId, attempt }) => [backupId, attempt]));
  const isBehind = ({ backupId, attempt }: BackupJson): boolean =>
    planned.has(backupId) || attempt < (attempts.get(backupId) ?? attempt);
  const behind = catalog === undefined ? there.backups.filter(isBehind) : [];
  const alone = new Set<string>();
  const left: string[] = [];
  for (const { backupId } of [...there.backups, ...there.damaged]) {
    if (known.has(backupId)) continue;
    // Without a catalogue nobody knows whether it is to come home: then it must stay what it is.
    if ((await catalog?.standsAlone(name, backupId)) === true) alone.add(backupId);
    else left.push(keepsItsKey(backupId, name, catalog === undefined));
  }
  return { alone, left, behind: behind.map(({ backupId }) => isLeftBehind(backupId, name)) };
}

function isLeftBehind(backupId: string, name: string): string {
  return `${backupId} in ${name} keeps its old data key, for without a catalogue (CATALOG_MONGODB_URI) no worker copies it again: hazina destinations copy ${backupId} --to ${name}`;
}

function keepsItsKey(backupId: string, name: string, isUnknown: boolean): string {
  const why = isUnknown
    ? 'only with a catalogue (CATALOG_MONGODB_URI) is it known whether it comes home'
    : 'for it is to come home, or is no copy of this catalogue: run this again when it has';
  return `${backupId} stands in ${name} alone and keeps its data key, ${why}; else delete it there (hazina delete ${backupId} --from ${name}), or restore it and back that up`;
}

/** A destination's copies in the place of a store's backups: each is held as a copy, and what stands there then is kept of it. */
export function copiesAsBackups(catalog: PlacesCatalog, { name, store }: RotationPlace): RotationCatalog {
  return {
    ...catalog,
    requireStore: () => Promise.resolve(),
    keysOf: () => Promise.resolve(),
    hold: (backupId, _kind, act, signal) =>
      catalog.holdCopy(
        name,
        backupId,
        async (held) => {
          const result = await act({ signal: held, record: null });
          return { result, standing: await requireBackupJson(store, backupId, held) };
        },
        signal,
      ),
  };
}
