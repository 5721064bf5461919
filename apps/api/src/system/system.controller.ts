import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { isAlive, type Catalog, type SeenWorker } from '#catalog';
import type { ApiConfig, Reload } from '#config';
import { AppError, wrong, type Clock } from '#contracts';
import type { JobQueue } from '#queue';
import { Roles } from '../auth/access.js';
import { API_CONFIG, CATALOG, CLOCK, CONFIG_RELOAD, JOB_QUEUE, VERSION } from '../core/tokens.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { ServerLooks, type RedisLook } from './server-looks.js';
import { destinationStates, stocksOf } from './destination-states.js';
import { StoreLook } from './store-state.js';
import { gatherFindings, storeFindings, workerFindings } from './system-findings.js';
import { SystemDto, type KeyProofDto, type QueueDto, type SystemKeyDto, type WorkerDto } from './system.dto.js';
import type { Plain } from '../http/plain.js';

@ApiTags('system')
@Controller('admin/system')
@Roles('viewer')
export class SystemController {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(StoreLook) private readonly store: StoreLook,
    @Inject(ServerLooks) private readonly servers: ServerLooks,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(VERSION) private readonly version: string,
    @Inject(CONFIG_RELOAD) private readonly reload: Pick<Reload<ApiConfig>, 'trouble'>,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'getSystem',
    summary:
      'Versions, keys by id, workers, state of storage, catalogue and queue; what is not as it should be, and what to do',
  })
  @ApiOkResponse({ type: SystemDto })
  @ApiProblems(...usualProblems)
  async show(): Promise<Plain<SystemDto>> {
    const [reports, storeId, storage, queue, redis, catalogue] = await Promise.all([
      this.catalog.workers.all(),
      this.catalog.settings.storeId(),
      this.store.state(),
      this.#queue(),
      this.servers.redis(),
      this.servers.catalogue(),
    ]);
    const now = this.clock.now();
    const { destinations } = this.config;
    const stocks = await stocksOf(this.catalog, destinations, now);
    const workers = reports.map(toWorker);
    const own = [
      ...(this.reload.trouble === null ? [] : [wrong('configuration of the API', this.reload.trouble)]),
      ...workerFindings(this.version, reports),
      ...storeFindings(storage),
      ...catalogue.findings,
      ...redis.findings,
    ];
    return {
      version: this.version,
      nodeVersion: process.version,
      keyIds: [...new Set(workers.filter(({ alive }) => alive).flatMap(({ keyIds }) => keyIds))].sort(),
      keys: keysOf(reports.filter(isAlive)),
      keyProof: newestProof(reports.filter(isAlive)),
      storeId,
      storage: { ...storage },
      destinations: destinationStates(destinations, reports.filter(isAlive), stocks, now),
      queue: { ...queue, ...serverOf(redis) },
      workers,
      catalogue: { ...catalogue.state, missingIndexes: [...catalogue.state.missingIndexes] },
      findings: gatherFindings(own, reports).map((finding) => ({ ...finding, reportedBy: [...finding.reportedBy] })),
    };
  }

  /** Told, not thrown: reads go on while Redis is down. */
  async #queue(): Promise<Omit<Plain<QueueDto>, 'serverVersion' | 'policy'>> {
    try {
      const jobs = await this.queue.counts();
      await this.queue.checkNoEviction();
      return { state: 'ok', detail: null, jobs };
    } catch (thrown) {
      const { code, message } = AppError.from(thrown, 'queue');
      return { state: code === 'queue/evicts' ? 'evicts' : 'unavailable', detail: message, jobs: null };
    }
  }
}

function serverOf({ exam }: RedisLook): Pick<Plain<QueueDto>, 'serverVersion' | 'policy'> {
  return { serverVersion: exam?.version ?? null, policy: exam?.evictionPolicy ?? null };
}

/** A key that any worker seals with is active, whatever it is to others. */
function keysOf(alive: readonly SeenWorker[]): Plain<SystemKeyDto>[] {
  const states = new Map<string, string>();
  for (const { look } of alive)
    for (const { keyId, state } of look?.keys ?? []) if (states.get(keyId) !== 'active') states.set(keyId, state);
  return [...states].sort(([a], [b]) => (a < b ? -1 : 1)).map(([keyId, state]) => ({ keyId, state }));
}

function newestProof(alive: readonly SeenWorker[]): Plain<KeyProofDto> | null {
  const proofs = alive.flatMap(({ workerId, look }) => {
    const proof = look?.keyProof ?? null;
    return proof === null ? [] : [{ workerId, ...proof }];
  });
  const [newest] = proofs.sort((a, b) => b.at.getTime() - a.at.getTime());
  if (newest === undefined) return null;
  return { ...newest, at: newest.at.toISOString(), closed: [...newest.closed], damaged: [...newest.damaged] };
}

function toWorker(report: SeenWorker): Plain<WorkerDto> {
  const { look = null } = report;
  return {
    workerId: report.workerId,
    host: report.host,
    version: report.version,
    nodeVersion: report.nodeVersion,
    alive: isAlive(report),
    startedAt: report.startedAt.toISOString(),
    beatAt: report.beatAt.toISOString(),
    tools: { ...report.tools },
    keyIds: [...report.keyIds],
    storeOk: report.storeOk,
    storeDetail: report.storeDetail,
    storeFreeBytes: report.storeFreeBytes,
    storeAbilities: look?.storeAbilities ? { ...look.storeAbilities } : null,
    lookedAt: look?.at.toISOString() ?? null,
  };
}
