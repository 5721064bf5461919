import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { taskStates, type TaskState } from '#contracts';
import { CursorField } from '../http/list-cursor.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { BackupIdField, RestoreTargetField } from '../http/name-fields.js';
import { LimitField, PageField, SortOrderField, TimeField } from '../http/query-fields.js';

export class RestoreListQuery {
  @PageField()
  page = 1;

  @LimitField()
  limit = 20;

  @CursorField()
  cursor?: string;

  @ApiPropertyOptional({ enum: taskStates })
  @MayBeAbsent()
  @IsIn(taskStates)
  status?: TaskState;

  @RestoreTargetField('Only into this restore target')
  targetName?: string;

  @BackupIdField({ description: 'Only of this backup' })
  backupId?: string;

  @TimeField('start', { description: 'Asked for at this time or later', example: '2026-11-01' })
  from?: Date;

  @TimeField('end', { description: 'Asked for at this time or earlier', example: '2026-11-30' })
  to?: Date;

  @SortOrderField('By the time it was asked for')
  sortOrder: 'asc' | 'desc' = 'desc';
}
