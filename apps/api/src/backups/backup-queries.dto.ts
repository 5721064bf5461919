import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, Matches } from 'class-validator';
import { backupJson, backupStates, targetPattern, type BackupState, type Trigger } from '#contracts';
import { CursorField } from '../http/list-cursor.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { LimitField, NumberField, PageField, SortOrderField, TimeField } from '../http/query-fields.js';
import { Flag } from '../http/query-values.js';

const triggers = backupJson.shape.trigger.options;
export const sortFields = ['createdAt', 'startedAt', 'completedAt', 'size', 'status'] as const;
const wrongTarget = { message: '$property must be a target name: 1 to 40 of a-z, 0-9 and "-", not beginning with "-"' };

export class StatsQuery {
  @ApiPropertyOptional({ description: 'Only this target', example: 'clinic', pattern: targetPattern.source })
  @MayBeAbsent()
  @Matches(targetPattern, wrongTarget)
  target?: string;
}

export class ListQuery extends StatsQuery {
  @PageField()
  page = 1;

  @LimitField()
  limit = 20;

  @CursorField()
  cursor?: string;

  @ApiPropertyOptional({ enum: backupStates, description: 'Deleted ones are listed only when asked for' })
  @MayBeAbsent()
  @IsIn(backupStates)
  status?: BackupState;

  @ApiPropertyOptional({ enum: triggers })
  @MayBeAbsent()
  @IsIn(triggers)
  trigger?: Trigger;

  @TimeField('start', { description: 'Made at this time or later; a day begins at 00:00 UTC', example: '2026-11-01' })
  from?: Date;

  @TimeField('end', {
    description: 'Made at this time or earlier; a day ends at 24:00 UTC',
    example: '2026-11-30T23:59:59Z',
  })
  to?: Date;

  @ApiPropertyOptional({ enum: sortFields, default: 'createdAt' })
  @MayBeAbsent()
  @IsIn(sortFields)
  sortBy: (typeof sortFields)[number] = 'createdAt';

  @SortOrderField()
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
  @NumberField({ maximum: 3600, default: 300, description: 'Seconds that the URL lives; of a ticket at most 300' })
  expiresIn = 300;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Answer 302 to the URL instead of telling it' })
  @MayBeAbsent()
  @Flag()
  @IsBoolean()
  redirect = false;
}
