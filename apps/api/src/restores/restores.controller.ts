import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { sendPage } from '../http/list-cursor.js';
import type { Plain } from '../http/plain.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { located, nextOf } from '../openapi/response-headers.js';
import { RestoreBackup } from './restore-backup.js';
import { RestoreListQuery } from './restore-queries.dto.js';
import { RestoreDto } from './restore-request.dto.js';
import { RestoreAcceptedDto, RestorePageDto, RestoreRecordDto } from './restore.dto.js';
import { restoreExamples } from './restore.examples.js';
import { RestoresService } from './restores.service.js';

@ApiTags('restores')
@Controller('admin')
export class RestoresController {
  constructor(
    @Inject(RestoreBackup) private readonly restoring: RestoreBackup,
    @Inject(RestoresService) private readonly service: RestoresService,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Post('backups/:backupId/restore')
  @Roles('operator')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'restoreBackup',
    summary: 'Restore a backup into a restore target, by a worker',
    description:
      'Operators restore into scratch targets, admins into all. A damaged backup never changes the target: collections are loaded under temporary names and renamed when the whole archive proved good. With `replace` or `usersAndRoles` the token must be younger than 15 minutes. Location names the restore. When the queue does not answer, nothing is begun.',
  })
  @ApiBody({ type: RestoreDto, examples: restoreExamples })
  @ApiAcceptedResponse({ type: RestoreAcceptedDto, headers: located })
  @ApiProblems(...usualProblems, 404, 409, 422)
  async restore(
    @Param('backupId') backupId: string,
    @Body() body: RestoreDto,
    @Context() context: RequestContext,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<RestoreAcceptedDto>> {
    const { targetName, mode, usersAndRoles = false, dryRun = false } = body;
    // Over data, or over users.
    const event = (mode === 'replace' || usersAndRoles) && !dryRun ? 'sensitive_restore' : 'backup_restore';
    const more = `${usersAndRoles ? ', users and roles' : ''}${dryRun ? ', dry run' : ''}`;
    const detail = `${backupId} into ${targetName}, ${mode}${more}`;
    const record = await this.audit.act(
      request,
      { event, resource: backupId, detail },
      () => this.restoring.begin(backupId, body, context),
      ({ restoreId }) => restoreId,
    );
    const accepted = this.service.accepted(record);
    response.location(accepted.links.self);
    return accepted;
  }

  @Get('restores')
  @Roles('viewer')
  @ApiOperation({ operationId: 'listRestores', summary: 'Restores, newest first' })
  @ApiOkResponse({ type: RestorePageDto, headers: nextOf })
  @ApiProblems(...usualProblems)
  async list(
    @Query() query: RestoreListQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<RestorePageDto>> {
    return sendPage(await this.service.list(query), response);
  }

  @Get('restores/:restoreId')
  @Roles('viewer')
  @ApiOperation({ operationId: 'getRestore', summary: 'State, progress and report of a restore' })
  @ApiOkResponse({ type: RestoreRecordDto })
  @ApiProblems(...usualProblems, 404)
  show(@Param('restoreId') restoreId: string): Promise<Plain<RestoreRecordDto>> {
    return this.service.show(restoreId);
  }

  @Post('restores/:restoreId/cancel')
  @Roles('operator')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'cancelRestore',
    summary: 'Ask for the end of a restore; its worker sees it within 5 s',
    description: 'The target is put back as it was. Refused (409) once the collections take their names.',
  })
  @ApiAcceptedResponse({ type: RestoreAcceptedDto })
  @ApiProblems(...usualProblems, 404, 409)
  cancel(@Param('restoreId') restoreId: string, @Req() request: Request): Promise<Plain<RestoreAcceptedDto>> {
    return this.audit.act(request, { event: 'restore_cancel', resource: restoreId }, () =>
      this.service.cancel(restoreId),
    );
  }
}
