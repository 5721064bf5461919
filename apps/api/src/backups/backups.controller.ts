import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Roles } from '../auth/access.js';
import { sendPage } from '../http/list-cursor.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { nextOf } from '../openapi/response-headers.js';
import { BackupDetailsDto } from './backup.dto.js';
import { ListQuery, StatsQuery } from './backup-queries.dto.js';
import { BackupsService } from './backups.service.js';
import { BackupPageDto, StatisticsDto } from './replies.dto.js';
import type { Statistics } from './statistics.js';
import type { Plain } from '../http/plain.js';

@ApiTags('backups')
@Controller('admin/backups')
@Roles('viewer')
export class BackupsController {
  constructor(@Inject(BackupsService) private readonly service: BackupsService) {}

  @Get()
  @ApiOperation({ operationId: 'listBackups', summary: 'Backups, a page at a time, newest first by default' })
  @ApiOkResponse({ type: BackupPageDto, headers: nextOf })
  @ApiProblems(...usualProblems)
  async list(@Query() query: ListQuery, @Res({ passthrough: true }) response: Response): Promise<Plain<BackupPageDto>> {
    return sendPage(await this.service.list(query), response);
  }

  @Get('stats')
  @ApiOperation({
    operationId: 'getStatistics',
    summary: 'Totals, rates, sizes, durations, the last 30 days',
    description:
      'They may be a second old; where computing them takes long, ten times as long as that takes, at most half a minute (the forecast of the quota: ten).',
  })
  @ApiOkResponse({ type: StatisticsDto })
  @ApiProblems(...usualProblems)
  stats(@Query() query: StatsQuery): Promise<Statistics> {
    return this.service.stats(query.target ?? undefined);
  }

  @Get(':backupId')
  @ApiOperation({
    operationId: 'getBackup',
    summary: 'One backup with its namespaces, events and verifications; a deleted one too',
    description: 'A text that is no backup id is looked for nowhere: 404.',
  })
  @ApiOkResponse({ type: BackupDetailsDto })
  @ApiProblems(...usualProblems, 404)
  show(@Param('backupId') backupId: string): Promise<Plain<BackupDetailsDto>> {
    return this.service.show(backupId);
  }
}
