import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { backupIdPattern, restoreTargetPattern, taskStates, type TaskState } from '#contracts';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { LimitField, PageField, SortOrderField, TimeField } from '../http/query-fields.js';

export class RestoreListQuery {
  @PageField()
  page = 1;

  @LimitField()
  limit = 20;

  @ApiPropertyOptional({ enum: taskStates })
  @MayBeAbsent()
  @IsIn(taskStates)
  status?: TaskState;

  @ApiPropertyOptional({
    description: 'Only into this restore target',
    example: 'staging',
    pattern: restoreTargetPattern.source,
  })
  @MayBeAbsent()
  @Matches(restoreTargetPattern, { message: 'targetName must be a name of RESTORE_TARGETS' })
  targetName?: string;

  @ApiPropertyOptional({ description: 'Only of this backup', pattern: backupIdPattern.source })
  @MayBeAbsent()
  @Matches(backupIdPattern, { message: 'backupId must be the id of a backup' })
  backupId?: string;

  @TimeField('start', { description: 'Asked for at this time or later', example: '2026-11-01' })
  from?: Date;

  @TimeField('end', { description: 'Asked for at this time or earlier', example: '2026-11-30' })
  to?: Date;

  @SortOrderField('By the time it was asked for')
  sortOrder: 'asc' | 'desc' = 'desc';
}
