import type { OplogMoment } from '#archive';
import { momentOf, type RestoreConflict } from '#contracts';

/** What is known of the oplog that a restore would replay; null: nothing. */
export interface FoundOplog {
  readonly entries: number;
  /** The time of its last entry. */
  readonly at: OplogMoment | null;
  readonly from: 'manifest' | 'archive';
}

export function oplogConflicts(found: FoundOplog | null): RestoreConflict[] {
  if (found?.entries !== 0) return [];
  const message = 'there is no oplog in the archive that could be replayed: the restore would fail';
  return [{ kind: 'oplog', blocking: true, db: null, collection: null, documents: 0, message }];
}

export function oplogChecked(found: FoundOplog | null): string[] {
  if (found === null || found.entries === 0) return [];
  const { entries, at, from } = found;
  const number = `${entries} ${entries === 1 ? 'entry is' : 'entries are'} replayed`;
  const where = from === 'manifest' ? 'as the manifest says' : 'as the archive holds them';
  const until =
    at === null
      ? 'until when is not known'
      : `the last one of ${momentOf(at)} (${at.t}:${at.i}), the moment that all collections are of then`;
  return [`oplog: ${number}, ${where}; ${until}`];
}

export function oplogUnchecked(found: FoundOplog | null): string[] {
  if (found?.entries === 0) return [];
  return [
    ...(found === null
      ? ['how many entries the oplog has, and until when: only the end of the archive tells, which was not read']
      : []),
    'what the replay of the oplog changes in the documents, and whether the target takes each entry',
  ];
}
