import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import { Links } from '../backups/links.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { located } from '../openapi/response-headers.js';
import { CleanupAcceptedDto, CleanupDto, CleanupStateDto } from './cleanups.dto.js';
import { CleanupsService } from './cleanups.service.js';
import type { Plain } from '../http/plain.js';

@ApiTags('cleanups')
@Controller('admin')
export class CleanupsController {
  constructor(
    @Inject(CleanupsService) private readonly service: CleanupsService,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(Links) private readonly links: Links,
  ) {}

  @Post('backups/cleanup')
  @Roles('admin')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'cleanUp',
    summary: 'Retention and orphans now, by a worker',
    description:
      'Location names the cleanup, where its result appears. Begin with dryRun. With confirm the token must be younger than 15 minutes.',
  })
  @ApiBody({ type: CleanupDto, required: false })
  @ApiAcceptedResponse({ type: CleanupAcceptedDto, headers: located })
  @ApiProblems(...usualProblems, 409, 422)
  async begin(
    @Body() body: CleanupDto,
    @Context() context: RequestContext,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<CleanupAcceptedDto>> {
    const confirmed = body.confirm === undefined ? '' : `, confirmed: ${body.confirm}`;
    const detail = `${body.target ?? 'all targets'}${confirmed}${body.dryRun === true ? ', dry run' : ''}`;
    const cleanupId = await this.audit.act(
      request,
      { event: 'sensitive_cleanup', detail },
      () => this.service.begin(body, context),
      (made) => made,
    );
    response.location(this.links.path(`/api/admin/cleanups/${cleanupId}`));
    return { cleanupId };
  }

  @Get('cleanups/:cleanupId')
  @Roles('viewer')
  @ApiOperation({ operationId: 'getCleanup', summary: 'State and result of a cleanup' })
  @ApiOkResponse({ type: CleanupStateDto })
  @ApiProblems(...usualProblems, 404)
  show(@Param('cleanupId') cleanupId: string): Promise<Plain<CleanupStateDto>> {
    return this.service.find(cleanupId);
  }
}
