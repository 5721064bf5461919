import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { syncChanges, taskStates } from '#contracts';
import { RecordedErrorDto } from '../backups/backup.dto.js';
import { syncId } from '../backups/backup.examples.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { TargetField } from '../http/name-fields.js';

const time = { type: String, format: 'date-time' } as const;
const count = { type: 'integer', minimum: 0 } as const;

export class CatalogSyncDto {
  @TargetField('Only this target; otherwise all of the store')
  target?: string;

  @ApiPropertyOptional({
    default: false,
    description: 'Take in whole folders without backup.json, after each was read to its end',
  })
  @MayBeAbsent()
  @IsBoolean()
  adopt?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Only tell what would be done' })
  @MayBeAbsent()
  @IsBoolean()
  dryRun?: boolean;
}

export class CatalogSyncAcceptedDto {
  @ApiProperty({ example: syncId })
  syncId!: string;
}

export class CatalogSyncCountsDto {
  @ApiProperty({ ...count, description: 'Records made anew', example: 1 })
  rebuilt!: number;
  @ApiProperty({ ...count, description: 'Folders without a commit taken in' })
  adopted!: number;
  @ApiProperty({ ...count, description: 'Records whose backup is gone' })
  missing!: number;
  @ApiProperty({ ...count, description: 'Missing ones that are back' })
  returned!: number;
  @ApiProperty({ ...count, description: 'Pins and labels taken over from the store' })
  marked!: number;
}

export class CatalogSyncChangeDto {
  @ApiProperty()
  backupId!: string;
  @ApiProperty({ enum: syncChanges })
  change!: string;
  @ApiProperty({ example: 'it stands in the store and had no record' })
  detail!: string;
}

export class CatalogSyncResultDto {
  @ApiProperty()
  dryRun!: boolean;
  @ApiProperty({ ...count, description: 'Backups in the store', example: 31 })
  found!: number;
  @ApiProperty({ ...count, description: 'Their record says the same' })
  unchanged!: number;
  @ApiProperty({ ...count, description: 'Pending, running or being deleted' })
  leftAlone!: number;
  @ApiProperty({ type: CatalogSyncCountsDto })
  counts!: CatalogSyncCountsDto;
  @ApiProperty({ ...count, description: 'What could not be brought in line; told in reports' })
  problems!: number;
  @ApiProperty({ ...count, description: 'Names that are not ours; left alone' })
  foreign!: number;
  @ApiProperty({ type: [CatalogSyncChangeDto], description: 'The first thousand' })
  changes!: CatalogSyncChangeDto[];
  @ApiProperty({ type: [String], description: 'The first thousand' })
  reports!: string[];
}

export class CatalogSyncStateDto {
  @ApiProperty({ example: syncId })
  syncId!: string;
  @ApiProperty({ enum: taskStates })
  status!: string;
  @ApiProperty({ type: String, nullable: true })
  target!: string | null;
  @ApiProperty()
  adopt!: boolean;
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
  @ApiProperty({ type: CatalogSyncResultDto, nullable: true })
  result!: CatalogSyncResultDto | null;
  @ApiProperty({ type: String, nullable: true })
  errorMessage!: string | null;
  @ApiProperty({ type: RecordedErrorDto, nullable: true })
  error!: RecordedErrorDto | null;
}
