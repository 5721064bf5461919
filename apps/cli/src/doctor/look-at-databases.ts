import type { CatalogExam } from '#catalog';
import type { DoctorConfig, DoctorSource } from '#config';
import { found, skipped, type Finding } from '#contracts';
import { clockFinding, examineSource, lookAtRestoreTarget, sourceFindings } from '#engine';
import { lookAt, type LookContext } from './look.js';

const lateSource = {
  code: 'source/unreachable',
  hint: 'Is the server running and not overloaded, and may this machine connect to it? --timeout waits longer',
} as const;

/** A server to back up: reach, version, rights, topology, clock. */
export async function lookAtSource(source: DoctorSource, context: LookContext): Promise<readonly Finding[]> {
  const { name, uri, databases, include, exclude, uriVariable } = source;
  if (uri === undefined) return [skipped(`source ${name}`, `${uriVariable} is not set`)];
  return lookAt(`source ${name}`, lateSource, context, async (signal) => {
    const { clock, version, selectionMs, limitMs } = context;
    const request = { uri, databases, include, exclude };
    return sourceFindings(name, await examineSource({ request, clock, version, selectionMs, limitMs }, signal));
  });
}

/** A server that restores may go to. */
export function lookAtRestoreTargets(config: DoctorConfig, context: LookContext): Promise<readonly Finding[]>[] {
  return config.restoreTargets.map(({ name, uri, scratch }) => {
    const late = { ...lateSource, code: 'target/unreachable' } as const;
    return lookAt(`restore target ${name}`, late, context, async (signal) => {
      const { version, topology } = await lookAtRestoreTarget(uri, signal);
      return [
        found(`restore target ${name}`, `MongoDB ${version}, ${topology}${scratch ? ', for scratch restores' : ''}`),
      ];
    });
  });
}

/** The catalogue, and the store that it belongs to. */
export async function lookAtCatalogue(
  config: DoctorConfig,
  context: LookContext,
): Promise<{ readonly findings: readonly Finding[]; readonly storeId: string | null }> {
  const { service } = config;
  if (service === undefined)
    return {
      findings: [skipped('catalogue', 'CATALOG_MONGODB_URI is not set: the command line works without')],
      storeId: null,
    };
  let exam: CatalogExam | undefined;
  const late = {
    code: 'catalog/unavailable',
    hint: 'Is the server of CATALOG_MONGODB_URI running? --timeout waits longer',
  } as const;
  const findings = await lookAt('catalogue', late, context, async () => {
    const { catalogFindings, examineCatalog } = await import('#catalog');
    const { clock, selectionMs } = context;
    exam = await examineCatalog({ uri: service.catalogUri, clock, selectionMs });
    return [...catalogFindings(exam), clockFinding('clock of the catalogue', exam.skewMs)];
  });
  return { findings, storeId: exam?.storeId ?? null };
}

/** The queue's server. */
export async function lookAtRedis({ service }: DoctorConfig, context: LookContext): Promise<readonly Finding[]> {
  if (service === undefined)
    return [
      skipped('redis', 'CATALOG_MONGODB_URI is not set, so there is no service: the command line needs no Redis'),
    ];
  const late = { code: 'queue/unavailable', hint: 'Does Redis run, and does REDIS_URL lead to it?' } as const;
  return lookAt('redis', late, context, async () => {
    const { examineRedis, redisFindings } = await import('#queue');
    const { clock, selectionMs: deadlineMs } = context;
    return redisFindings(await examineRedis({ redisUrl: service.redisUrl, clock, deadlineMs }));
  });
}
