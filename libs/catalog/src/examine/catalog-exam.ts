import { doubtful, found, type Finding } from '#contracts';

/** What is known of a catalogue that was looked at. */
export interface CatalogExam {
  readonly version: string;
  readonly database: string;
  /** It was made by an API or a worker. */
  readonly isMarked: boolean;
  /** `backups: {target: 1, slot: 1} unique`, in words. */
  readonly missingIndexes: readonly string[];
  /** The store that it belongs to; null: none yet. */
  readonly storeId: string | null;
  /** Milliseconds that the server's clock is ahead of ours; null: it does not tell its time. */
  readonly skewMs: number | null;
}

const shown = 3;

/** What a look at a catalogue comes to, for people. */
export function catalogFindings(exam: CatalogExam): readonly Finding[] {
  const { version, database, isMarked, missingIndexes: missing } = exam;
  const place = `MongoDB ${version}, database ${database}`;
  if (!isMarked)
    return [
      doubtful(
        'catalogue',
        `${place}: no catalogue is there yet`,
        'API and worker make it when they start; is this the right database?',
      ),
    ];
  const [first] = missing;
  if (first === undefined) return [found('catalogue', place), found('catalogue indexes', 'all are there')];
  const more = missing.length > shown ? ` and ${missing.length - shown} more` : '';
  return [
    found('catalogue', place),
    doubtful(
      'catalogue indexes',
      `missing: ${missing.slice(0, shown).join('; ')}${more}`,
      'Restart API or worker: they make their indexes; their user needs readWrite and dbAdmin on the database',
    ),
  ];
}
