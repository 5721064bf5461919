import type { Clock, Secret } from '#contracts';
import { connectCatalog } from '../open-catalog.js';
import { translateCatalogError } from '../store/translate-error.js';
import type { CatalogExam } from './catalog-exam.js';
import { examineConnection } from './examine-connection.js';

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
