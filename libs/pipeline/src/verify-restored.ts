import { AppError, type DrillReport } from '#contracts';
import { unexpectedAnswers } from '#engine';
import { runDrill, type DrillDeps, type DrillRequest } from './run-drill.js';

/** Level `restored`: a drill whose outcome must be equal. Throws `restore/differences`, and whatever a restore throws: returning is the proof. */
export async function verifyRestored(
  deps: DrillDeps,
  request: DrillRequest,
  signal: AbortSignal,
): Promise<DrillReport> {
  deps.observer.stage('verify');
  const report = await runDrill(deps, request, signal);
  const error = differencesFound(request.backupId, report);
  if (error !== null) throw error;
  return report;
}

/** What a drill found that was not equal, as the error of a verification; null when all is. */
export function differencesFound(backupId: string, report: DrillReport): AppError | null {
  const differences = drillDifferences(report);
  if (differences.length === 0) return null;
  return new AppError({
    code: 'restore/differences',
    stage: 'compare',
    message: `${backupId} was restored with differences: ${shortened(differences)}`,
    hint: 'The archive itself is what its manifest says. Look at the version of the scratch target first: it should be that of the source',
    details: { differences },
  });
}

/** What is not as it should be, in words; empty when all is. */
export function drillDifferences({ namespaces, queries }: DrillReport): string[] {
  return [
    ...namespaces.flatMap(({ db, collection, differences }) =>
      differences.map((what) => `${db}.${collection}: ${what}`),
    ),
    ...unexpectedAnswers(queries),
  ];
}

const shown = 5;

export function shortened(differences: readonly string[]): string {
  const text = differences.slice(0, shown).join('; ');
  return differences.length > shown ? `${text} and ${differences.length - shown} more` : text;
}
