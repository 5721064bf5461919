import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import { DownloadQuery } from '../backups/backup-queries.dto.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { redirected } from '../openapi/response-headers.js';
import { DownloadDto } from './download.dto.js';
import { DownloadService } from './download.service.js';
import type { Plain } from '../http/plain.js';

@ApiTags('downloads')
@Controller('admin/backups')
@Roles('operator')
export class DownloadController {
  constructor(
    @Inject(DownloadService) private readonly service: DownloadService,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Get(':backupId/download')
  @ApiOperation({
    operationId: 'downloadBackup',
    summary: 'A short-lived URL of the sealed file',
    description:
      'Read it with curl -OJ; hazina open turns the file into an archive. With redirect=true the answer is 302 to the URL.',
  })
  @ApiOkResponse({ type: DownloadDto })
  @ApiResponse({ status: 302, description: 'To the URL, with redirect=true', headers: redirected })
  @ApiProblems(...usualProblems, 404, 409, 410)
  async download(
    @Param('backupId') backupId: string,
    @Query() query: DownloadQuery,
    @Context() context: RequestContext,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<DownloadDto> | undefined> {
    const reply = await this.audit.refused(request, { event: 'sensitive_read', resource: backupId }, () =>
      this.service.download(backupId, query.expiresIn, context, request),
    );
    // Nothing else tells of a download: without this entry there is none.
    await this.audit.require(request, { event: 'sensitive_read', outcome: 'success', resource: backupId });
    response.setHeader('Cache-Control', 'no-store');
    if (!query.redirect) return reply;
    response.status(302).location(reply.url);
    return undefined;
  }
}
