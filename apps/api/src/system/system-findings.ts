import { catalogFindings, isAlive, type CatalogExam, type SeenWorker } from '#catalog';
import { AppError, doubtful, found, wrong, type Finding } from '#contracts';
import type { StoreState } from './store-state.js';

/** A finding, and who made it: `api`, or ids of workers. */
export interface ReportedFinding extends Finding {
  readonly reportedBy: readonly string[];
}

/** A clock that is further off than this makes times in records and logs hard to compare. */
const mostSkewMs = 10_000;

/** The same finding of several workers is one; errors first, then what is doubtful. */
export function gatherFindings(own: readonly Finding[], workers: readonly SeenWorker[]): readonly ReportedFinding[] {
  const gathered = new Map<string, { finding: Finding; by: string[] }>();
  const add = (by: string, finding: Finding): void => {
    const { name, status, detail, hint, code } = finding;
    const key = JSON.stringify([name, status, detail, hint]);
    const known = gathered.get(key);
    if (known === undefined) gathered.set(key, { finding: { name, status, detail, hint, code }, by: [by] });
    else known.by.push(by);
  };
  for (const finding of own) add('api', finding);
  for (const worker of workers.filter(isAlive))
    for (const finding of worker.look?.findings ?? []) add(worker.workerId, finding);
  const rank = { error: 0, warning: 1, ok: 2, skipped: 3 } as const;
  return [...gathered.values()]
    .map(({ finding, by }) => ({ ...finding, reportedBy: by }))
    .sort((a, b) => rank[a.status] - rank[b.status]);
}

/** Who is there to work, and whether they are of one mind. */
export function workerFindings(version: string, workers: readonly SeenWorker[]): readonly Finding[] {
  const alive = workers.filter(isAlive);
  if (alive.length === 0)
    return [
      wrong(
        'workers',
        new AppError({
          code: 'worker-lost',
          stage: 'probe',
          message: 'No worker is alive: nothing is backed up, verified or restored',
          hint: 'Start one (npm run start:worker), or look at the log of the one that should run',
        }),
      ),
    ];
  const others = [...new Set(alive.map((worker) => worker.version))].filter((other) => other !== version);
  const count = `${alive.length} alive`;
  const workersFinding =
    others.length === 0
      ? found('workers', `${count}, of the API's version ${version}`)
      : doubtful(
          'workers',
          `${count}; some are of version ${others.join(', ')}, the API is ${version}`,
          'Bring API and workers to one version',
        );
  return [workersFinding, ...keyFinding(alive)];
}

/** What one worker seals, every other one must open. */
function keyFinding(alive: readonly SeenWorker[]): readonly Finding[] {
  const active = new Set(alive.flatMap(({ look }) => (look?.keys ?? []).filter(isActive).map(({ keyId }) => keyId)));
  const blind = alive.filter(
    ({ look, keyIds, reads }) =>
      // One that only writes is meant to be.
      reads !== false && look !== undefined && look !== null && [...active].some((keyId) => !keyIds.includes(keyId)),
  );
  const [first] = blind;
  if (first === undefined) return [];
  return [
    doubtful(
      'keys of workers',
      `${blind.map(({ workerId }) => workerId).join(', ')} cannot open what other workers seal`,
      'Give every worker the same BACKUP_ENCRYPTION_KEY, and the earlier ones in BACKUP_ENCRYPTION_KEYS_RETIRED',
    ),
  ];
}

function isActive({ state }: { readonly state: string }): boolean {
  return state === 'active';
}

/** How the store looks from the API, which reads it for downloads. */
export function storeFindings({ location, state, detail }: StoreState): readonly Finding[] {
  const name = 'store from the API';
  if (state === 'ok') return [found(name, detail === null ? location : `${location}: ${detail}`)];
  return [
    doubtful(
      name,
      `${location}: ${detail ?? 'degraded'}`,
      'Downloads fail until the API can read the store again; see what the workers find',
    ),
  ];
}

/** The catalogue's server, indexes and clock. */
export function catalogueFindings(exam: CatalogExam): readonly Finding[] {
  return [...catalogFindings(exam), ...clockOf(exam.skewMs)];
}

function clockOf(skewMs: number | null): readonly Finding[] {
  if (skewMs === null) return [];
  const name = 'clock of the catalogue';
  const text = `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs < 0 ? 'behind' : 'ahead of'} the API's`;
  if (Math.abs(skewMs) <= mostSkewMs) return [found(name, text)];
  return [
    doubtful(name, text, 'Set both clocks (NTP): times in records and logs are hard to compare, and retention waits'),
  ];
}
