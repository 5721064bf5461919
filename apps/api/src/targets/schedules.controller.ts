import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import { contextOf } from '../http/request-context.js';
import type { Plain } from '../http/plain.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { SchedulesService } from './schedules.service.js';
import { goingOn, ScheduleDto, SchedulesDto } from './targets.dto.js';

@ApiTags('targets')
@Controller('admin/schedules')
export class SchedulesController {
  constructor(
    @Inject(SchedulesService) private readonly service: SchedulesService,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Get()
  @Roles('viewer')
  @ApiOperation({ operationId: 'listSchedules', summary: 'Schedules with their next ten times, paused or not' })
  @ApiOkResponse({ type: SchedulesDto })
  @ApiProblems(...usualProblems)
  async list(): Promise<Plain<SchedulesDto>> {
    return { data: await this.service.all() };
  }

  @Post(':target/pause')
  @Roles('operator')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'pauseSchedule',
    summary: 'No backups on schedule until it is resumed',
    description:
      'What runs or waits goes on, and backups can still be triggered. A paused target is never overdue: targets and schedules tell of the pause.',
  })
  @ApiOkResponse({ type: ScheduleDto })
  @ApiProblems(...usualProblems, 404)
  async pause(@Param('target') target: string, @Req() request: Request): Promise<Plain<ScheduleDto>> {
    return this.audit.act(request, { event: 'schedule_pause', resource: target }, () =>
      this.service.pause(target, contextOf(request).identity?.subject ?? 'anonymous'),
    );
  }

  @Post(':target/resume')
  @Roles('operator')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'resumeSchedule',
    summary: 'Backups on schedule again',
    description: 'The next one is that of the next time: what was due during the pause is not caught up.',
  })
  @ApiOkResponse({ type: ScheduleDto, example: goingOn })
  @ApiProblems(...usualProblems, 404)
  async resume(@Param('target') target: string, @Req() request: Request): Promise<Plain<ScheduleDto>> {
    return this.audit.act(request, { event: 'schedule_resume', resource: target }, () => this.service.resume(target));
  }
}
