import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsDate, IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import { backupIdPattern, restoreTargetPattern, taskStates, type TaskState } from '#contracts';
import { dayOrTime, wrongTime } from '../backups/backup-queries.dto.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { Instant, WholeNumber } from '../http/query-values.js';

export class RestoreListQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1_000_000, default: 1 })
  @MayBeAbsent()
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  page = 1;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
  @MayBeAbsent()
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(100)
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

  @ApiPropertyOptional({
    type: String,
    pattern: dayOrTime,
    description: 'Asked for at this time or later',
    example: '2026-11-01',
  })
  @MayBeAbsent()
  @Instant('start')
  @IsDate(wrongTime)
  from?: Date;

  @ApiPropertyOptional({
    type: String,
    pattern: dayOrTime,
    description: 'Asked for at this time or earlier',
    example: '2026-11-30',
  })
  @MayBeAbsent()
  @Instant('end')
  @IsDate(wrongTime)
  to?: Date;

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc', description: 'By the time it was asked for' })
  @MayBeAbsent()
  @IsIn(['asc', 'desc'])
  sortOrder: 'asc' | 'desc' = 'desc';
}
