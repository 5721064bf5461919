import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, Matches } from 'class-validator';
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

  @ApiPropertyOptional({
    default: false,
    description:
      'After a theft of the old key: read everything and seal it anew under new data keys, not only the headers',
  })
  @MayBeAbsent()
  @IsBoolean()
  rewrite?: boolean;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', pattern: '^[0-9a-f]{16}$' },
    ...{ minItems: 1, maxItems: 8 },
    description:
      'Names of the keys to go to; otherwise the current keys of the workers, which must be the same. A worker that has others refuses (keys/differ)',
    example: ['0f3c1a2b4d5e6f70'],
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(8)
  @Matches(/^[0-9a-f]{16}$/, { each: true })
  keyIds?: string[];
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
  @ApiProperty({ type: String, nullable: true, description: 'The destination of a copy; null: the primary store' })
  place!: string | null;
  @ApiProperty({ enum: rotationOutcomes })
  outcome!: string;
  @ApiProperty({ type: RotationFailureDto, nullable: true })
  error!: RotationFailureDto | null;
}

export class RotationResultDto {
  @ApiProperty()
  dryRun!: boolean;
  @ApiProperty()
  rewrite!: boolean;
  @ApiProperty({ type: [String], description: 'The keys that backups were brought to' })
  keyIds!: string[];
  @ApiProperty({ type: 'integer', example: 1 })
  rotated!: number;
  @ApiProperty({ type: 'integer' })
  current!: number;
  @ApiProperty({ type: 'integer', description: 'These open with the keys that opened them before' })
  failed!: number;
  @ApiProperty({ type: [RotatedBackupDto] })
  backups!: RotatedBackupDto[];
  @ApiProperty({
    type: [String],
    description:
      'What was not touched and should be looked at: whole folders without a commit mark, destinations that could not be gone through',
  })
  reports!: string[];
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
  @ApiProperty()
  rewrite!: boolean;
  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Names of the keys to go to; null: those of the worker that takes it, for no worker had told its own',
  })
  keyIds!: string[] | null;
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
