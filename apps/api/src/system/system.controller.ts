import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Catalog, SeenWorker } from '#catalog';
import { AppError } from '#contracts';
import type { JobQueue } from '#queue';
import { Roles } from '../auth/access.js';
import { CATALOG, JOB_QUEUE, VERSION } from '../core/tokens.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { isAlive } from '../targets/target-states.js';
import { StoreLook } from './store-state.js';
import { SystemDto, type QueueDto, type WorkerDto } from './system.dto.js';
import type { Plain } from '../http/plain.js';

@ApiTags('system')
@Controller('admin/system')
@Roles('viewer')
export class SystemController {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(StoreLook) private readonly store: StoreLook,
    @Inject(VERSION) private readonly version: string,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getSystem', summary: 'Versions, keys by id, workers, state of storage and queue' })
  @ApiOkResponse({ type: SystemDto })
  @ApiProblems(...usualProblems)
  async show(): Promise<Plain<SystemDto>> {
    const [reports, storeId, storage, queue] = await Promise.all([
      this.catalog.workers.all(),
      this.catalog.settings.storeId(),
      this.store.state(),
      this.#queue(),
    ]);
    const workers = reports.map(toWorker);
    return {
      version: this.version,
      nodeVersion: process.version,
      keyIds: [...new Set(workers.filter(({ alive }) => alive).flatMap(({ keyIds }) => keyIds))].sort(),
      storeId,
      storage: { ...storage },
      queue,
      workers,
    };
  }

  /** Told, not thrown: reads go on while Redis is down. */
  async #queue(): Promise<Plain<QueueDto>> {
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

function toWorker(report: SeenWorker): Plain<WorkerDto> {
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
  };
}
