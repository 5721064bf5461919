import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { rotationOutcomes, taskStates } from '#contracts';
import { RecordedErrorDto } from '../backups/backup.dto.js';
import { rotationId } from '../backups/backup.examples.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { TargetField } from '../http/name-fields.js';

const time = { type: String, format: 'date-time' } as const;

export class RotationDto {
  @TargetField('Only backups of this target; otherwise all')
  target?: string;

  @ApiPropertyOptional({ default: false, description: 'Open every header and only tell what would be done' })
  @MayBeAbsent()
  @IsBoolean()
  dryRun?: boolean;
}

export class RotationAcceptedDto {
  @ApiProperty({ example: rotationId })
  rotationId!: string;
}

export class RotationFailureDto {
  @ApiProperty({ example: 'container/no-key' })
  code!: string;
  @ApiProperty()
  message!: string;
}

export class RotatedBackupDto {
  @ApiProperty()
  backupId!: string;
  @ApiProperty({ enum: rotationOutcomes })
  outcome!: string;
  @ApiProperty({ type: RotationFailureDto, nullable: true })
  error!: RotationFailureDto | null;
}

export class RotationResultDto {
  @ApiProperty()
  dryRun!: boolean;
  @ApiProperty({ type: [String], description: 'The keys that backups were rewrapped to' })
  keyIds!: string[];
  @ApiProperty({ type: 'integer' })
  rotated!: number;
  @ApiProperty({ type: 'integer' })
  current!: number;
  @ApiProperty({ type: 'integer', description: 'These open with the keys that opened them before' })
  failed!: number;
  @ApiProperty({ type: [RotatedBackupDto] })
  backups!: RotatedBackupDto[];
}

export class RotationStateDto {
  @ApiProperty({ example: rotationId })
  rotationId!: string;
  @ApiProperty({ enum: taskStates, description: 'completed_with_differences: some backups were not rotated' })
  status!: string;
  @ApiProperty({ type: String, nullable: true })
  target!: string | null;
  @ApiProperty()
  dryRun!: boolean;
  @ApiProperty(time)
  createdAt!: string;
  @ApiProperty({ ...time, nullable: true })
  startedAt!: string | null;
  @ApiProperty({ ...time, nullable: true })
  completedAt!: string | null;
  @ApiProperty()
  correlationId!: string;
  @ApiProperty({ type: RotationResultDto, nullable: true })
  result!: RotationResultDto | null;
  @ApiProperty({ type: String, nullable: true })
  errorMessage!: string | null;
  @ApiProperty({ type: RecordedErrorDto, nullable: true })
  error!: RecordedErrorDto | null;
}
