import { BSON, type Document } from 'mongodb';
import {
  AppError,
  drillFilter,
  expectationText,
  throwIfAborted,
  type DrillAnswer,
  type DrillQuery,
  type Secret,
} from '#contracts';
import { connect } from '../../connection/index.js';
import { isDefinitionRefusal, onTarget } from '../load/target-errors.js';
import { listCollections } from '../load/target-state.js';

/** How long the server may think about one question. */
const longestMs = 600_000;

export interface AskedQueries {
  readonly uri: Secret;
  readonly queries: readonly DrillQuery[];
  /** Where a database of the backup stands now. */
  readonly databaseOf: (name: string) => string;
  /** Whether it is one in the backup: a server that made none would count nothing, which is no answer. */
  readonly isView: (database: string, collection: string) => boolean;
  /** When the backup was begun: ages are counted from there. */
  readonly begun: Date;
}

/** Asks the restored data. What a server refuses to answer is an answer that is not ok; `warnings` say why. */
export async function askDrillQueries(
  { uri, queries, databaseOf, isView, begun }: AskedQueries,
  signal: AbortSignal,
): Promise<{ readonly answers: readonly DrillAnswer[]; readonly warnings: readonly string[] }> {
  if (queries.length === 0) return { answers: [], warnings: [] };
  return onTarget('compare', async () => {
    const connection = await connect(uri, 'target', { signal });
    const { client } = connection;
    const answers: DrillAnswer[] = [];
    const warnings: string[] = [];
    try {
      for (const { name, database, collection, query, expect } of queries) {
        throwIfAborted(signal, 'compare');
        const ask = async (): Promise<number | null> => {
          try {
            const filter = BSON.EJSON.deserialize(drillFilter(query, begun), { relaxed: false }) as Document;
            const db = client.db(databaseOf(database));
            if (isView(database, collection) && !(await listCollections(db)).has(collection))
              throw new Error('this server did not make the view');
            const restored = db.collection(collection, { readPreference: 'primary' });
            return await restored.countDocuments(filter, { maxTimeMS: longestMs });
          } catch (error) {
            if (error instanceof AppError || (isOfServer(error) && !isDefinitionRefusal(error))) throw error;
            warnings.push(
              `the query "${name}" could not be asked: ${error instanceof Error ? error.message : 'refused'}`,
            );
            return null;
          }
        };
        const count = await ask();
        const ok = count !== null && count >= (expect.min ?? 0) && count <= (expect.max ?? Number.MAX_SAFE_INTEGER);
        answers.push({ name, count, expect, ok });
      }
      return { answers, warnings };
    } finally {
      await connection.close();
    }
  });
}

/** What the driver threw: everything else was thrown before the server was asked. */
function isOfServer(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('Mongo');
}

/** What did not come out as expected, in words. */
export function unexpectedAnswers(answers: readonly DrillAnswer[]): string[] {
  return answers
    .filter(({ ok }) => !ok)
    .map(({ name, count, expect }) => `${name}: ${count ?? 'no answer'}, expected ${expectationText(expect)}`);
}
