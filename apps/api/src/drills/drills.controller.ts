import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import { sendPage } from '../http/list-cursor.js';
import type { Plain } from '../http/plain.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { Idempotent } from '../idempotency/idempotent.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { located, nextOf } from '../openapi/response-headers.js';
import { DrillBackup } from './drill-backup.js';
import { DrillDto, DrillListQuery } from './drill-requests.dto.js';
import { DrillAcceptedDto, DrillPageDto, DrillRecordDto } from './drill.dto.js';
import { DrillsService } from './drills.service.js';

@ApiTags('drills')
@Controller('admin/drills')
export class DrillsController {
  constructor(
    @Inject(DrillBackup) private readonly drilling: DrillBackup,
    @Inject(DrillsService) private readonly service: DrillsService,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Post()
  @Roles('operator')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({
    operationId: 'drillBackup',
    summary: 'Restore a backup into a scratch target, compare everything, and drop it again, by a worker',
    description:
      'Without backupId the newest good backup of the target. A drill only ever drops databases that it made itself. Location names the drill. When the queue does not answer, nothing is begun.',
  })
  @ApiBody({ type: DrillDto, required: false })
  @ApiAcceptedResponse({ type: DrillAcceptedDto, headers: located })
  @ApiProblems(...usualProblems, 404, 409, 422)
  async drill(
    @Body() body: DrillDto,
    @Context() context: RequestContext,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<DrillAcceptedDto>> {
    const what = body.backupId ?? body.target ?? 'the newest backup';
    const detail = body.targetName === undefined ? what : `${what} on ${body.targetName}`;
    const record = await this.audit.act(
      request,
      { event: 'backup_drill', detail, ...(body.backupId !== undefined && { resource: body.backupId }) },
      () => this.drilling.begin(body, context),
      ({ drillId }) => drillId,
    );
    const accepted = this.service.accepted(record);
    response.location(accepted.links.self);
    return accepted;
  }

  @Get()
  @Roles('viewer')
  @ApiOperation({ operationId: 'listDrills', summary: 'Drills, newest first' })
  @ApiOkResponse({ type: DrillPageDto, headers: nextOf })
  @ApiProblems(...usualProblems)
  async list(
    @Query() query: DrillListQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Plain<DrillPageDto>> {
    return sendPage(await this.service.list(query), response);
  }

  @Get(':drillId')
  @Roles('viewer')
  @ApiOperation({ operationId: 'getDrill', summary: 'State and report of a drill' })
  @ApiOkResponse({ type: DrillRecordDto })
  @ApiProblems(...usualProblems, 404)
  show(@Param('drillId') drillId: string): Promise<Plain<DrillRecordDto>> {
    return this.service.show(drillId);
  }

  @Post(':drillId/cancel')
  @Roles('operator')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'cancelDrill',
    summary: 'Ask for the end of a drill; its worker sees it within 5 s, and drops what it made',
  })
  @ApiAcceptedResponse({ type: DrillAcceptedDto })
  @ApiProblems(...usualProblems, 404, 409)
  cancel(@Param('drillId') drillId: string, @Req() request: Request): Promise<Plain<DrillAcceptedDto>> {
    return this.audit.act(request, { event: 'drill_cancel', resource: drillId }, () => this.service.cancel(drillId));
  }
}
