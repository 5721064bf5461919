import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import { Links } from '../backups/links.js';
import type { Plain } from '../http/plain.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { located } from '../openapi/response-headers.js';
import { CatalogSyncAcceptedDto, CatalogSyncDto, CatalogSyncStateDto } from './catalog-syncs.dto.js';
import { CatalogSyncsService } from './catalog-syncs.service.js';

@ApiTags('catalog')
@Controller('admin/catalog')
export class CatalogSyncsController {
  constructor(
    @Inject(CatalogSyncsService) private readonly service: CatalogSyncsService,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(Links) private readonly links: Links,
  ) {}

  @Post('sync')
  @Roles('admin')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'syncCatalog',
    summary: 'Bring the records in line with the store, by a worker',
    description: 'The store is the truth on backups. Location names the sync, where its result appears. Repeatable.',
  })
  @ApiBody({ type: CatalogSyncDto, required: false })
  @ApiAcceptedResponse({ type: CatalogSyncAcceptedDto, headers: located })
  @ApiProblems(...usualProblems, 409, 422)
  async begin(
    @Body() body: CatalogSyncDto,
    @Context() context: RequestContext,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<CatalogSyncAcceptedDto>> {
    const { target = 'all targets', adopt = false, dryRun = false } = body;
    const detail = `${target}${adopt ? ', adopt' : ''}${dryRun ? ', dry run' : ''}`;
    const syncId = await this.audit.act(
      request,
      { event: 'sensitive_catalog_sync', detail },
      () => this.service.begin(body, context),
      (made) => made,
    );
    response.location(this.links.path(`/api/admin/catalog/sync/${syncId}`));
    return { syncId };
  }

  @Get('sync/:syncId')
  @Roles('viewer')
  @ApiOperation({ operationId: 'getCatalogSync', summary: 'State and result of a sync of the catalogue' })
  @ApiOkResponse({ type: CatalogSyncStateDto })
  @ApiProblems(...usualProblems, 404)
  show(@Param('syncId') syncId: string): Promise<Plain<CatalogSyncStateDto>> {
    return this.service.find(syncId);
  }
}
