import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import { AppError, isDrillId, type Clock, type DrillRecord } from '#contracts';
import { Links } from '../backups/links.js';
import { CATALOG, CLOCK } from '../core/tokens.js';
import { listed, readCursor, type Listed } from '../http/list-cursor.js';
import type { Plain } from '../http/plain.js';
import { invalid } from '../http/validation.pipe.js';
import type { DrillListQuery } from './drill-requests.dto.js';
import type { DrillAcceptedDto, DrillPageDto, DrillRecordDto } from './drill.dto.js';
import { drillLinks, toDrill } from './to-drill.js';

@Injectable()
export class DrillsService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(Links) private readonly links: Links,
  ) {}

  async list({ ...query }: DrillListQuery): Promise<Listed<DrillPageDto>> {
    const { from, to } = query;
    if (from !== undefined && to !== undefined && from > to)
      throw invalid([{ field: 'from', message: 'from must not be after to' }]);
    const path = this.links.path('/api/admin/drills');
    const after = readCursor(path, query);
    const found = await this.catalog.drills.list({ ...query, ...(after === undefined ? {} : { after }) });
    return listed(
      path,
      query,
      found,
      (record) => toDrill(record, drillLinks(this.links, record)),
      ({ drillId, createdAt }) => ({ id: drillId, value: createdAt }),
    );
  }

  async show(drillId: string): Promise<Plain<DrillRecordDto>> {
    const record = await this.#find(drillId);
    return toDrill(record, drillLinks(this.links, record));
  }

  accepted(record: Pick<DrillRecord, 'drillId' | 'backupId' | 'status'>): Plain<DrillAcceptedDto> {
    const { drillId, backupId, status } = record;
    return { drillId, status, backupId, links: drillLinks(this.links, record) };
  }

  /** Persists the wish; the state after it was taken. */
  async cancel(drillId: string): Promise<Plain<DrillAcceptedDto>> {
    const record = await this.#find(drillId);
    const outcome = await this.catalog.drills.requestCancel(drillId, this.clock.now());
    if (outcome === 'not-found') throw noSuchDrill();
    if (outcome === 'too-late') {
      throw new AppError({
        code: 'restore/refused',
        stage: 'request',
        message: `The drill is ${(await this.#find(drillId)).status}`,
        hint: 'Only a drill that waits or runs can be cancelled',
      });
    }
    return this.accepted({ ...record, status: outcome === 'cancelled' ? 'cancelled' : record.status });
  }

  /** A text that is no id is looked for nowhere: there is no such drill. */
  async #find(drillId: string): Promise<DrillRecord> {
    const record = isDrillId(drillId) ? await this.catalog.drills.find(drillId) : null;
    if (record === null) throw noSuchDrill();
    return record;
  }
}

function noSuchDrill(): AppError {
  return new AppError({
    code: 'drill/not-found',
    stage: 'request',
    message: 'There is no drill of this id',
    hint: 'GET /api/admin/drills lists them',
  });
}
