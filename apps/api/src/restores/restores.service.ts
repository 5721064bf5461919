import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import { AppError, isRestoreId, type Clock, type RestoreRecord } from '#contracts';
import { Links } from '../backups/links.js';
import { CATALOG, CLOCK } from '../core/tokens.js';
import { listed, readCursor, type Listed } from '../http/list-cursor.js';
import type { Plain } from '../http/plain.js';
import { invalid } from '../http/validation.pipe.js';
import type { RestoreListQuery } from './restore-queries.dto.js';
import type { RestoreAcceptedDto, RestorePageDto, RestoreRecordDto } from './restore.dto.js';
import { restoreLinks, toRestore } from './to-restore.js';

@Injectable()
export class RestoresService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(Links) private readonly links: Links,
  ) {}

  async list({ ...query }: RestoreListQuery): Promise<Listed<RestorePageDto>> {
    const { from, to } = query;
    if (from !== undefined && to !== undefined && from > to)
      throw invalid([{ field: 'from', message: 'from must not be after to' }]);
    const path = this.links.path('/api/admin/restores');
    const after = readCursor(path, query);
    const found = await this.catalog.restores.list({ ...query, ...(after === undefined ? {} : { after }) });
    return listed(
      path,
      query,
      found,
      (record) => this.#show(record),
      ({ restoreId, createdAt }) => ({ id: restoreId, value: createdAt }),
    );
  }

  async show(restoreId: string): Promise<Plain<RestoreRecordDto>> {
    return this.#show(await this.#find(restoreId));
  }

  accepted(record: Pick<RestoreRecord, 'restoreId' | 'backupId' | 'status'>): Plain<RestoreAcceptedDto> {
    const { restoreId, status } = record;
    return { restoreId, status, links: restoreLinks(this.links, record) };
  }

  /** Persists the wish; the state after it was taken. */
  async cancel(restoreId: string): Promise<Plain<RestoreAcceptedDto>> {
    const record = await this.#find(restoreId);
    const outcome = await this.catalog.restores.requestCancel(restoreId, this.clock.now());
    if (outcome === 'not-found') throw noSuchRestore();
    if (outcome === 'too-late') throw tooLateFor(await this.#find(restoreId));
    return this.accepted({ ...record, status: outcome === 'cancelled' ? 'cancelled' : record.status });
  }

  #show(record: RestoreRecord): Plain<RestoreRecordDto> {
    return toRestore(record, restoreLinks(this.links, record));
  }

  /** A text that is no id is looked for nowhere: there is no such restore. */
  async #find(restoreId: string): Promise<RestoreRecord> {
    const record = isRestoreId(restoreId) ? await this.catalog.restores.find(restoreId) : null;
    if (record === null) throw noSuchRestore();
    return record;
  }
}

function noSuchRestore(): AppError {
  return new AppError({
    code: 'restore/not-found',
    stage: 'request',
    message: 'There is no restore of this id',
    hint: 'GET /api/admin/restores lists them',
  });
}

function tooLateFor({ status, phase }: RestoreRecord): AppError {
  const isRenaming = phase === 'renaming' && (status === 'in_progress' || status === 'pending');
  return new AppError({
    code: 'restore/refused',
    stage: 'request',
    message: isRenaming
      ? 'The restore gives the loaded collections their names, which only goes forward'
      : `The restore is ${status}`,
    hint: 'Only a restore that waits or loads can be cancelled',
  });
}
