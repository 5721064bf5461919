import type { LoadReport } from '../engine.js';
import { makeReport, type ReportedEntry } from '../native/load/report.js';
import type { FoundNamespace } from './read-back.js';
import type { RestoreLog } from './restore-log.js';
import type { RestoredEntry } from './restored-entries.js';

export const notAllOrNothing =
  'mongorestore writes as it reads: a restore that breaks off in the middle leaves what it had written';
const notCompared =
  'mongorestore counts the documents that the target acknowledged, and its counts are those of the archive; the documents in the target were not compared';
const totalOnly = 'mongorestore told its documents in total only: those of each namespace are counted from the archive';

export interface RestoreFacts {
  /** What the archive holds of each entry, and mongorestore has confirmed. */
  readonly documents: ReadonlyMap<RestoredEntry, number>;
  /** What the target has of them, or why nobody knows. */
  readonly found: ReadonlyMap<RestoredEntry, FoundNamespace> | { readonly unread: string };
  readonly notes: readonly string[];
  readonly log: RestoreLog;
  readonly strict: boolean;
}

/** What was restored, what differs, and what nobody has looked at. */
export function reportRestore({ documents, found, notes, log, strict }: RestoreFacts): LoadReport {
  const unread =
    'unread' in found
      ? [
          `the target was not read back (${found.unread}): indexes are counted from the archive, options and indexes were not compared`,
        ]
      : [];
  const entries = [...documents].map(([entry, count]): ReportedEntry => {
    const { indexes, notKept, missing }: FoundNamespace =
      ('unread' in found ? undefined : found.get(entry)) ?? promised(entry);
    return {
      entry: { db: entry.db, final: entry.collection, documents: count },
      indexes,
      notKept,
      missing,
      warnings: [],
    };
  });
  const perNamespace = log.finished.size > 0 || documents.size === 0 ? [] : [totalOnly];
  return makeReport(entries, [...notes, notAllOrNothing, notCompared, ...perNamespace, ...unread], strict);
}

/** What the archive's metadata says. */
function promised({ kind, spec }: RestoredEntry): FoundNamespace {
  return { indexes: kind === 'view' ? 0 : spec.indexes.length, notKept: [], missing: [] };
}
