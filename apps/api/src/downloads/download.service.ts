import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Catalog } from '#catalog';
import { AppError, type BackupRecord, type Clock } from '#contracts';
import type { ObjectStore } from '#storage';
import { findBackup, notCompleted } from '../backups/find-backup.js';
import { Links } from '../backups/links.js';
import { CATALOG, CLOCK, STORE } from '../core/tokens.js';
import type { RequestContext } from '../http/request-context.js';
import type { DownloadDto } from './download.dto.js';
import { locate, type StoredFile } from './stored-file.js';
import { Tickets } from './tickets.js';
import type { Plain } from '../http/plain.js';

const longestTicketSeconds = 300;

/** URLs that read a sealed file without a token, for a few minutes. The API cannot open what lies behind them: it has no key. */
@Injectable()
export class DownloadService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(Tickets) private readonly tickets: Tickets,
    @Inject(Links) private readonly links: Links,
  ) {}

  async download(
    backupId: string,
    expiresIn: number,
    { deadline }: RequestContext,
    request: Request,
  ): Promise<Plain<DownloadDto>> {
    const record = await findBackup(this.catalog, backupId);
    checkState(record);
    const stored = await locate(this.store, record, deadline.signal());
    const name = `${backupId}.hzn`;
    const { url, expiresAt } = await this.#url(backupId, stored.data, name, expiresIn, request);
    const { header } = stored;
    return {
      url,
      expiresAt: expiresAt.toISOString(),
      fileName: name,
      size: stored.data.size,
      sha256: stored.data.sha256,
      header: header && {
        url: (await this.#url(backupId, header, `${backupId}.header.hzn`, expiresIn, request)).url,
        sha256: header.sha256,
      },
    };
  }

  async #url(
    backupId: string,
    file: StoredFile,
    fileName: string,
    expiresIn: number,
    request: Request,
  ): Promise<{ url: string; expiresAt: Date }> {
    const presigned = await this.store.presignGet(file.key, { expiresIn, fileName });
    if (presigned !== null) return presigned;
    const seconds = Math.floor(this.clock.now().getTime() / 1000) + Math.min(expiresIn, longestTicketSeconds);
    const ticket = this.tickets.sign({
      backupId,
      key: file.key,
      size: file.size,
      sha256: file.sha256,
      fileName,
      expires: seconds,
    });
    const url = this.links.absolute(request, `/api/downloads/${fileName}?ticket=${ticket}`);
    return { url, expiresAt: new Date(seconds * 1000) };
  }
}

function checkState(record: BackupRecord): void {
  switch (record.status) {
    case 'completed':
      return;
    case 'missing':
    case 'deleting':
    case 'deleted':
      throw new AppError({
        code: 'backup/object-missing',
        stage: 'request',
        message: `The backup is ${record.status}`,
        hint: 'GET /api/admin/backups?status=completed lists those that can be read; one that is missing comes back with its objects and hazina catalog sync',
      });
    default:
      throw notCompleted(record);
  }
}
