import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsDate, IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import { backupJson, backupStates, targetPattern, type BackupState, type Trigger } from '#contracts';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { Flag, Instant, WholeNumber } from '../http/query-values.js';

const triggers = backupJson.shape.trigger.options;
export const sortFields = ['createdAt', 'startedAt', 'completedAt', 'size', 'status'] as const;
const wrongTarget = { message: '$property must be a target name: 1 to 40 of a-z, 0-9 and "-", not beginning with "-"' };
export const dayOrTime = '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,3})?)?(Z|[+-]\\d{2}:\\d{2}))?$';
export const wrongTime = {
  message: '$property must be a day (2026-11-23) or a time with its zone (2026-11-23T02:00:00Z)',
};

export class StatsQuery {
  @ApiPropertyOptional({ description: 'Only this target', example: 'clinic', pattern: targetPattern.source })
  @MayBeAbsent()
  @Matches(targetPattern, wrongTarget)
  target?: string;
}

export class ListQuery extends StatsQuery {
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

  @ApiPropertyOptional({ enum: backupStates, description: 'Deleted ones are listed only when asked for' })
  @MayBeAbsent()
  @IsIn(backupStates)
  status?: BackupState;

  @ApiPropertyOptional({ enum: triggers })
  @MayBeAbsent()
  @IsIn(triggers)
  trigger?: Trigger;

  @ApiPropertyOptional({
    type: String,
    pattern: dayOrTime,
    description: 'Made at this time or later; a day begins at 00:00 UTC',
    example: '2026-11-01',
  })
  @MayBeAbsent()
  @Instant('start')
  @IsDate(wrongTime)
  from?: Date;

  @ApiPropertyOptional({
    type: String,
    pattern: dayOrTime,
    description: 'Made at this time or earlier; a day ends at 24:00 UTC',
    example: '2026-11-30T23:59:59Z',
  })
  @MayBeAbsent()
  @Instant('end')
  @IsDate(wrongTime)
  to?: Date;

  @ApiPropertyOptional({ enum: sortFields, default: 'createdAt' })
  @MayBeAbsent()
  @IsIn(sortFields)
  sortBy: (typeof sortFields)[number] = 'createdAt';

  @ApiPropertyOptional({ enum: ['asc', 'desc'], default: 'desc' })
  @MayBeAbsent()
  @IsIn(['asc', 'desc'])
  sortOrder: 'asc' | 'desc' = 'desc';
}

export class DeleteQuery {
  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: 'Also when it is the last good one of its target',
  })
  @MayBeAbsent()
  @Flag()
  @IsBoolean()
  force = false;
}

export class DownloadQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 3600,
    default: 300,
    description: 'Seconds that the URL lives; of a ticket at most 300',
  })
  @MayBeAbsent()
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(3600)
  expiresIn = 300;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Answer 302 to the URL instead of telling it' })
  @MayBeAbsent()
  @Flag()
  @IsBoolean()
  redirect = false;
}
