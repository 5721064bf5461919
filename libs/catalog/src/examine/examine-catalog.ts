import type { Connection, Schema } from 'mongoose';
import { doubtful, found, type Clock, type Finding, type Secret } from '#contracts';
import { connectCatalog } from '../open-catalog.js';
import { markerId } from '../schemas/marker.schema.js';
import { modelsOf, schemas } from '../store/models.js';
import { translateCatalogError } from '../store/translate-error.js';

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

export interface CatalogExamOptions {
  readonly uri: Secret;
  readonly clock: Clock;
  /** How long to look for the server. */
  readonly selectionMs: number;
}

/** Looks at a catalogue and writes nothing. Throws `catalog/unavailable`, `catalog/refused`, `config/invalid`. */
export async function examineCatalog({ uri, clock, selectionMs }: CatalogExamOptions): Promise<CatalogExam> {
  const connection = await connectCatalog({
    ...{ uri, clock, appName: 'hazina-cli', serverSelectionTimeoutMs: selectionMs, readOnly: true },
    random: { bytes: (length) => Buffer.alloc(length) },
  });
  try {
    return await examineConnection(connection, clock);
  } catch (error) {
    throw translateCatalogError(error);
  } finally {
    await connection.close(true).catch(() => undefined);
  }
}

/** The same on a connection that is there. */
export async function examineConnection(connection: Connection, clock: Clock): Promise<CatalogExam> {
  const models = modelsOf(connection);
  const before = clock.now().getTime();
  const hello = await connection.db?.command({ hello: 1 });
  const middle = (before + clock.now().getTime()) / 2;
  const build = await connection.db?.command({ buildInfo: 1 });
  const localTime: unknown = hello?.['localTime'];
  const version: unknown = build?.['version'];
  return {
    version: typeof version === 'string' ? version : 'unknown',
    database: connection.name,
    isMarked: (await models.Marker.findById(markerId).lean()) !== null,
    missingIndexes: await missingIndexes(connection),
    storeId: (await models.Setting.findOne({ name: 'storeId' }).lean())?.value ?? null,
    skewMs: localTime instanceof Date ? localTime.getTime() - middle : null,
  };
}

/** By their fields and whether they are unique: what else they have, a server may put in its own words. */
async function missingIndexes(connection: Connection): Promise<string[]> {
  const models = modelsOf(connection);
  const looks = Object.entries(schemas).map(async ([name, schema]: [string, Schema]) => {
    const collection = connection.collection(models[name as keyof typeof schemas].collection.name);
    const there = await indexesOf(collection);
    const wanted = schema.indexes().map(([fields, options]) => describe(fields, options?.unique === true));
    return wanted.filter((index) => !there.includes(index)).map((index) => `${collection.name}: ${index}`);
  });
  return (await Promise.all(looks)).flat();
}

const namespaceNotFound = 26;

async function indexesOf(collection: ReturnType<Connection['collection']>): Promise<string[]> {
  try {
    const indexes = await collection.indexes();
    return indexes.map(({ key, unique }) => describe(key, unique === true));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === namespaceNotFound) return [];
    throw error;
  }
}

function describe(fields: object, unique: boolean): string {
  const pairs = Object.entries(fields as Record<string, unknown>).map(([field, order]) => `${field}: ${String(order)}`);
  return `{${pairs.join(', ')}}${unique ? ' unique' : ''}`;
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
