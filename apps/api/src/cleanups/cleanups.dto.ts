import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, Max, Min } from 'class-validator';
import { taskStates } from '#contracts';
import { RecordedErrorDto } from '../backups/backup.dto.js';
import { cleanupId } from '../backups/backup.examples.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { TargetField } from '../http/name-fields.js';

const time = { type: String, format: 'date-time' } as const;

export class CleanupDto {
  @TargetField('Only this target; otherwise all, and orphans')
  target?: string;

  @ApiPropertyOptional({ default: false, description: 'Only tell what would be done, with the reasons' })
  @MayBeAbsent()
  @IsBoolean()
  dryRun?: boolean;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000,
    description: 'The count of a dry run; asked for when over half would go',
  })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  confirm?: number;
}

export class CleanupAcceptedDto {
  @ApiProperty({ example: cleanupId })
  cleanupId!: string;
}

export class CleanupDecisionDto {
  @ApiProperty()
  backupId!: string;
  @ApiProperty({ enum: ['keep', 'remove', 'kept-by-refusal'] })
  decision!: string;
  @ApiProperty({ type: [String] })
  reasons!: string[];
}

export class CleanupResultDto {
  @ApiProperty()
  dryRun!: boolean;
  @ApiProperty({ type: [CleanupDecisionDto] })
  decisions!: CleanupDecisionDto[];
  @ApiProperty({ type: 'integer' })
  removed!: number;
  @ApiProperty({ type: 'integer' })
  freedBytes!: number;
  @ApiProperty({ type: 'integer' })
  orphansRemoved!: number;
  @ApiProperty({ type: 'integer' })
  recordsPurged!: number;
  @ApiProperty({ type: [String], description: 'What was found and left alone' })
  reports!: string[];
}

export class CleanupStateDto {
  @ApiProperty({ example: cleanupId })
  cleanupId!: string;
  @ApiProperty({ enum: taskStates })
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
  @ApiProperty({ type: CleanupResultDto, nullable: true })
  result!: CleanupResultDto | null;
  @ApiProperty({ type: String, nullable: true })
  errorMessage!: string | null;
  @ApiProperty({ type: RecordedErrorDto, nullable: true })
  error!: RecordedErrorDto | null;
}
