import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';
import { backupIdPattern, restoreTargetPattern, targetPattern, taskStates, type TaskState } from '#contracts';
import { backupId } from '../backups/backup.examples.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { LimitField, PageField, SortOrderField, TimeField } from '../http/query-fields.js';

export class DrillDto {
  @ApiPropertyOptional({
    description: 'Whose newest backup; may be left out when there is one target, or with backupId',
    example: 'clinic',
    pattern: targetPattern.source,
  })
  @MayBeAbsent()
  @Matches(targetPattern, { message: 'target must be a target name: 1 to 40 of a-z, 0-9 and "-"' })
  target?: string;

  @ApiPropertyOptional({ description: 'This backup', example: backupId, pattern: backupIdPattern.source })
  @MayBeAbsent()
  @Matches(backupIdPattern, { message: 'backupId must be the id of a backup' })
  backupId?: string;

  @ApiPropertyOptional({
    description: 'A scratch target of RESTORE_TARGETS; otherwise the one that drills of the target use',
    example: 'staging',
    pattern: restoreTargetPattern.source,
  })
  @MayBeAbsent()
  @Matches(restoreTargetPattern, { message: 'targetName must be a name of RESTORE_TARGETS' })
  targetName?: string;
}

export class DrillListQuery {
  @PageField()
  page = 1;

  @LimitField()
  limit = 20;

  @ApiPropertyOptional({ enum: taskStates })
  @MayBeAbsent()
  @IsIn(taskStates)
  status?: TaskState;

  @ApiPropertyOptional({
    description: 'Only of backups of this target',
    example: 'clinic',
    pattern: targetPattern.source,
  })
  @MayBeAbsent()
  @Matches(targetPattern, { message: 'target must be a target name: 1 to 40 of a-z, 0-9 and "-"' })
  target?: string;

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
