import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { taskStates, type TaskState } from '#contracts';
import { backupId } from '../backups/backup.examples.js';
import { CursorField } from '../http/list-cursor.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { BackupIdField, RestoreTargetField, TargetField } from '../http/name-fields.js';
import { LimitField, PageField, SortOrderField, TimeField } from '../http/query-fields.js';

export class DrillDto {
  @TargetField('Whose backup; may be left out when there is one target, or with backupId')
  target?: string;

  @ApiPropertyOptional({
    enum: ['newest', 'older'],
    description: 'The newest good backup (also without this), or by lot one of those before it; not with backupId',
  })
  @MayBeAbsent()
  @IsIn(['newest', 'older'])
  choice?: 'newest' | 'older';

  @BackupIdField({ description: 'This backup', example: backupId })
  backupId?: string;

  @RestoreTargetField('A scratch target of RESTORE_TARGETS; otherwise the one that drills of the target use')
  targetName?: string;
}

export class DrillListQuery {
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

  @TargetField('Only of backups of this target')
  target?: string;

  @BackupIdField({ description: 'Only of this backup' })
  backupId?: string;

  @TimeField('start', { description: 'Asked for at this time or later', example: '2026-11-01' })
  from?: Date;

  @TimeField('end', { description: 'Asked for at this time or earlier', example: '2026-11-30' })
  to?: Date;

  @SortOrderField('By the time it was asked for')
  sortOrder: 'asc' | 'desc' = 'desc';
}
