import { namespaceKey, type DrillAnswer, type DrilledNamespace, type DrillReport } from '#contracts';
import {
  askDrillQueries,
  compareDefinitions,
  compareDocuments,
  scratchNameOf,
  type LedNamespace,
  type LoadedCollection,
  type LoadReport,
} from '#engine';
import { compareContents } from '../objects/compare-contents.js';
import type { ProvenBackup } from '../objects/prove-backup.js';
import type { DigestSource } from './digest-source.js';
import type { DrillRequest } from './drill-types.js';

export interface DrillScene {
  readonly request: DrillRequest;
  readonly proven: ProvenBackup;
  readonly source: DigestSource;
  readonly led: readonly LedNamespace[];
  /** In the names of the drill's databases. */
  readonly scratchId: string;
}

interface Looked {
  readonly loaded: readonly LoadedCollection[];
  readonly differences: readonly (readonly string[])[];
  readonly answers: readonly DrillAnswer[];
  readonly warnings: readonly string[];
}

/** Everything that the server may change by itself later, while it is as it was loaded: documents, and the answers to the queries. */
export async function lookAtDocuments(scene: DrillScene, signal: AbortSignal): Promise<Looked> {
  const { request, proven, source } = scene;
  compareContents(proven.manifest, source.summary());
  const archived = source.namespaces();
  const loaded = scene.led.map(({ from, db, collection, type }): LoadedCollection => {
    const found = archived.get(namespaceKey(from));
    if (found === undefined) throw new Error(`${from.db}.${from.collection} was planned and is not in the archive`);
    return { db, collection, type, documents: found.documents, digest: found.digest, metadata: found.metadata };
  });
  const compared = await compareDocuments(request.uri, loaded, signal);
  const { uri, queries } = request;
  const asked = await askDrillQueries(
    {
      ...{ uri, queries, databaseOf: (name: string) => scratchNameOf(scene.scratchId, name) },
      isView: (db, collection) =>
        scene.led.some(({ from, type }) => type === 'view' && from.db === db && from.collection === collection),
      begun: new Date(proven.backup.startedAt),
    },
    signal,
  );
  return {
    loaded,
    differences: compared.map(({ differences }) => differences),
    answers: asked.answers,
    warnings: [...compared.flatMap(({ warnings }) => warnings), ...asked.warnings],
  };
}

/** The verdict, when indexes, views and options are there as well. */
export async function judgeDrill(
  scene: DrillScene,
  looked: Looked,
  report: LoadReport,
  signal: AbortSignal,
): Promise<Omit<DrillReport, 'restoreMs' | 'compareMs'>> {
  const defined = await compareDefinitions(scene.request.uri, looked.loaded, signal);
  const warnings = [...looked.warnings];
  const namespaces = scene.led.map(({ from, type }, index): DrilledNamespace => {
    const { indexes = 0, differences = [], notKept = [] } = defined[index] ?? {};
    if (notKept.length > 0)
      warnings.push(`${from.db}.${from.collection}: the server did not keep: ${notKept.join('; ')}`);
    return {
      ...{ db: from.db, collection: from.collection, type, documents: looked.loaded[index]?.documents ?? 0, indexes },
      differences: [...(looked.differences[index] ?? []), ...differences, ...ofLoader(report, looked.loaded[index])],
    };
  });
  const isEqual =
    looked.answers.every(({ ok }) => ok) && namespaces.every(({ differences }) => differences.length === 0);
  const { totals } = scene.proven.manifest;
  return {
    outcome: isEqual ? 'equal' : 'different',
    ...{ namespaces, queries: looked.answers, documents: totals.documents, bytes: totals.bsonBytes },
    // The loader tells of the same losses in the names of the scratch databases.
    warnings: [
      ...new Set([...warnings, ...report.warnings.filter((text) => !text.includes('the server did not keep'))]),
    ],
  };
}

/** What the loader itself found to be missing. */
function ofLoader({ namespaces }: LoadReport, loaded: LoadedCollection | undefined): readonly string[] {
  return (
    namespaces.find(({ db, collection }) => db === loaded?.db && collection === loaded.collection)?.differences ?? []
  );
}
