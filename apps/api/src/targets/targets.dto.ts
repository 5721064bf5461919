import { ApiProperty } from '@nestjs/swagger';

const time = { type: String, format: 'date-time', nullable: true } as const;

export class TargetHealthDto {
  @ApiProperty({ enum: ['reachable', 'unreachable', 'unknown'], description: 'unknown: no live worker tells' })
  state!: 'reachable' | 'unreachable' | 'unknown';
  @ApiProperty({ type: String, nullable: true, example: '8.0.4' })
  serverVersion!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'replica-set' })
  topology!: string | null;
  @ApiProperty({ type: String, nullable: true })
  detail!: string | null;
  @ApiProperty({ type: [String] })
  databases!: string[];
  @ApiProperty(time)
  checkedAt!: string | null;
}

export class LastRunDto {
  @ApiProperty({ example: 'clinic-20261123T020000Z-k3f9q2' })
  backupId!: string;
  @ApiProperty({ enum: ['completed', 'failed'] })
  status!: string;
  @ApiProperty(time)
  startedAt!: string | null;
  @ApiProperty(time)
  completedAt!: string | null;
}

export class PauseDto {
  @ApiProperty({ description: 'true: no backup is made on schedule until it is resumed' })
  paused!: boolean;
  @ApiProperty(time)
  pausedAt!: string | null;
  @ApiProperty({ type: String, nullable: true })
  pausedBy!: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What people must know of it; null: nothing',
    example:
      'PAUSED since 2026-11-23T02:00:00.000Z by admin: no backup of clinic is made on schedule until POST /api/admin/schedules/clinic/resume',
  })
  notice!: string | null;
}

export class TargetDto extends PauseDto {
  @ApiProperty({ example: 'clinic' })
  target!: string;
  @ApiProperty({ type: [String], description: 'Empty: what the URI names, else all' })
  databases!: string[];
  @ApiProperty({ enum: ['auto', 'mongodump', 'native'] })
  engine!: string;
  @ApiProperty({ type: String, nullable: true, example: '0 2 * * *' })
  schedule!: string | null;
  @ApiProperty({ example: 'UTC' })
  timezone!: string;
  @ApiProperty()
  overdue!: boolean;
  @ApiProperty(time)
  nextRunAt!: string | null;
  @ApiProperty(time)
  lastSuccessAt!: string | null;
  @ApiProperty({ type: LastRunDto, nullable: true, description: 'The newest that ended' })
  lastRun!: LastRunDto | null;
  @ApiProperty({ type: TargetHealthDto })
  health!: TargetHealthDto;
}

export class RestoreTargetDto {
  @ApiProperty({ example: 'staging' })
  target!: string;
  @ApiProperty({ description: 'Operators may restore there, and the mode scratch is allowed', example: true })
  scratch!: boolean;
  @ApiProperty({ type: TargetHealthDto })
  health!: TargetHealthDto;
}

export class TargetsDto {
  @ApiProperty({ type: [TargetDto] })
  data!: TargetDto[];
  @ApiProperty({ type: [RestoreTargetDto], description: 'Where backups may be restored to (RESTORE_TARGETS)' })
  restoreTargets!: RestoreTargetDto[];
}

export class ScheduleDto extends PauseDto {
  @ApiProperty({ example: 'clinic' })
  target!: string;
  @ApiProperty({ type: String, nullable: true, example: '0 2 * * *', description: 'null: off' })
  cron!: string | null;
  @ApiProperty({ example: 'UTC' })
  timezone!: string;
  @ApiProperty(time)
  lastSlot!: string | null;
  @ApiProperty({
    description: 'A backup begins up to so many seconds after its slot, by a share of its own',
    example: 0,
  })
  jitterSeconds!: number;
  @ApiProperty({ type: [String], description: 'When the next ten begin, jitter included; also while paused' })
  nextRuns!: string[];
  @ApiProperty()
  overdue!: boolean;
}

export class SchedulesDto {
  @ApiProperty({ type: [ScheduleDto] })
  data!: ScheduleDto[];
}

/** One that was resumed. */
export const goingOn: ScheduleDto = {
  ...{ paused: false, pausedAt: null, pausedBy: null, notice: null, target: 'clinic', cron: '0 2 * * *' },
  ...{ timezone: 'UTC', lastSlot: '2026-11-22T02:00:00.000Z', jitterSeconds: 0, overdue: false },
  nextRuns: ['2026-11-24T02:00:00.000Z', '2026-11-25T02:00:00.000Z'],
};
