import { ApiProperty } from '@nestjs/swagger';
import { backupStates } from '#contracts';
import { BackupDto } from './backup.dto.js';
import { accepted, backupId } from './backup.examples.js';

const time = { type: String, format: 'date-time', nullable: true } as const;

export class PaginationDto {
  @ApiProperty({ type: 'integer', example: 1 })
  page!: number;
  @ApiProperty({ type: 'integer', example: 20 })
  limit!: number;
  @ApiProperty({ type: 'integer', example: 57 })
  total!: number;
  @ApiProperty({ type: 'integer', example: 3 })
  totalPages!: number;
}

export class BackupPageDto {
  @ApiProperty({ type: [BackupDto] })
  data!: BackupDto[];
  @ApiProperty({ type: PaginationDto })
  pagination!: PaginationDto;
}

export class LinksDto {
  @ApiProperty({ example: accepted.links.self })
  self!: string;
  @ApiProperty({ example: accepted.links.events })
  events!: string;
  @ApiProperty({ example: accepted.links.download })
  download!: string;
  @ApiProperty({ example: accepted.links.verify })
  verify!: string;
  @ApiProperty({ example: accepted.links.restore })
  restore!: string;
}

export class AcceptedDto {
  @ApiProperty({ example: backupId })
  backupId!: string;
  @ApiProperty({ enum: backupStates, example: 'pending' })
  status!: string;
  @ApiProperty({ type: LinksDto })
  links!: LinksDto;
}

export class VerificationAcceptedDto {
  @ApiProperty({ example: `${backupId}-v2`, description: 'Stands in `verifications` of the backup when it ended' })
  verificationId!: string;
}

export class PercentilesDto {
  @ApiProperty({ example: 41_200 })
  p50!: number;
  @ApiProperty({ example: 60_900 })
  p90!: number;
  @ApiProperty({ example: 75_300 })
  p99!: number;
}

export class QuotaDto {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'BACKUP_QUOTA_BYTES, or quotaBytes of a destination; null: none',
  })
  bytes!: number | null;
  @ApiProperty({ type: 'integer' })
  used!: number;
  @ApiProperty({ enum: ['ok', 'warning', 'critical'], description: 'warning from 80 %, critical from 95 %' })
  state!: string;
  @ApiProperty({
    type: String,
    enum: ['warn', 'refuse'],
    nullable: true,
    description: 'Over the quota, warn, or begin no backup (copy nothing) for which there is no room; null: no quota',
  })
  policy!: string | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Bytes that backups took more from day to day in the last two weeks; null: too new to tell',
  })
  growthPerDay!: number | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Days until it is full, if that goes on; null: it does not fill, or nobody can tell',
  })
  daysUntilFull!: number | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Days of backups, as they come now, that fit into 80 % of it; null: nobody can tell',
  })
  daysThatFit!: number | null;
  @ApiProperty({ type: String, nullable: true, description: 'What to do, when it is tight; null: nothing' })
  advice!: string | null;
}

export class RecoveryDayDto {
  @ApiProperty({ format: 'date', example: '2026-11-23' })
  date!: string;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'At the worst moment of the day: since the newest restorable backup was begun; null: nothing could be restored any more',
  })
  worstSeconds!: number | null;
}

export class RecoveryPointDto {
  @ApiProperty({ example: backupId, description: 'The newest backup that can be restored' })
  backupId!: string;
  @ApiProperty({ format: 'date-time', description: 'When it was begun' })
  at!: string;
  @ApiProperty({ type: 'integer', description: 'What was written since then is lost with the server' })
  ageSeconds!: number;
  @ApiProperty({
    type: [RecoveryDayDto],
    description: 'The last 30 days (UTC), newest first, without those on which nothing could be restored yet',
  })
  history!: RecoveryDayDto[];
}

export class MeasuredDrillDto {
  @ApiProperty({ example: 'drill-20261123T050000Z-q8w2e1' })
  drillId!: string;
  @ApiProperty({ example: backupId })
  backupId!: string;
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty({ enum: ['equal', 'different'] })
  outcome!: string;
  @ApiProperty({ type: 'integer' })
  restoreMs!: number;
  @ApiProperty({ type: 'integer' })
  documents!: number;
  @ApiProperty({ type: 'integer', description: 'BSON bytes' })
  bytes!: number;
}

export class RecoveryTimeDto {
  @ApiProperty({ example: 'drill-20261123T050000Z-q8w2e1', description: 'The newest drill that found all equal' })
  drillId!: string;
  @ApiProperty({ example: backupId })
  backupId!: string;
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty({ type: 'integer', description: 'How long it took to restore, indexes included' })
  restoreMs!: number;
  @ApiProperty({ type: [MeasuredDrillDto], description: 'The last 30 drills that restored, newest first' })
  history!: MeasuredDrillDto[];
}

export class TargetStatsDto {
  @ApiProperty({ example: 'clinic' })
  target!: string;
  @ApiProperty()
  overdue!: boolean;
  @ApiProperty(time)
  nextRunAt!: string | null;
  @ApiProperty(time)
  lastSuccessAt!: string | null;
  @ApiProperty({ type: RecoveryPointDto, nullable: true, description: 'null: no backup of it can be restored' })
  recoveryPoint!: RecoveryPointDto | null;
  @ApiProperty({ type: RecoveryTimeDto, nullable: true, description: 'null: no drill measured it yet' })
  recoveryTime!: RecoveryTimeDto | null;
}

export class DayDto {
  @ApiProperty({ format: 'date', example: '2026-11-23' })
  date!: string;
  @ApiProperty({ type: 'integer' })
  completed!: number;
  @ApiProperty({ type: 'integer' })
  failed!: number;
  @ApiProperty({ type: 'integer' })
  bytes!: number;
}

export class StatisticsDto {
  @ApiProperty({ type: 'integer', example: 57 })
  total!: number;
  @ApiProperty({
    type: 'object',
    properties: Object.fromEntries(backupStates.map((state) => [state, { type: 'integer' }])),
    example: { completed: 55, failed: 2 },
  })
  byStatus!: Record<string, number>;
  @ApiProperty({ type: Number, nullable: true, example: 0.965, description: 'Of those that ended; null: none did' })
  successRate!: number | null;
  @ApiProperty({ type: Number, nullable: true, example: 0.035 })
  failureRate!: number | null;
  @ApiProperty({ type: 'integer' })
  storageBytes!: number;
  @ApiProperty({ type: 'integer', nullable: true })
  averageSize!: number | null;
  @ApiProperty({ type: 'integer', nullable: true })
  averageDurationMs!: number | null;
  @ApiProperty({ type: PercentilesDto, nullable: true })
  durationPercentilesMs!: PercentilesDto | null;
  @ApiProperty(time)
  lastBackupAt!: string | null;
  @ApiProperty(time)
  lastSuccessAt!: string | null;
  @ApiProperty(time)
  lastVerifiedAt!: string | null;
  @ApiProperty({ type: QuotaDto })
  quota!: QuotaDto;
  @ApiProperty({ type: [TargetStatsDto] })
  targets!: TargetStatsDto[];
  @ApiProperty({ type: [DayDto], description: '30 days to today (UTC), oldest first' })
  perDay!: DayDto[];
}
