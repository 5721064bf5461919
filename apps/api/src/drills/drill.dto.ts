import { ApiProperty } from '@nestjs/swagger';
import { drillChoices, drillTriggers, taskStates } from '#contracts';
import { RecordedErrorDto } from '../backups/backup.dto.js';
import { backupId } from '../backups/backup.examples.js';
import { PaginationDto } from '../backups/replies.dto.js';

const time = { type: String, format: 'date-time' } as const;
const nullable = { nullable: true } as const;
const integer = { type: 'integer' } as const;
export const drillId = 'drill-20261123T050000Z-q8w2e1';

export class DrillLinksDto {
  @ApiProperty({ example: `/api/admin/drills/${drillId}` })
  self!: string;
  @ApiProperty({ example: `/api/admin/drills/${drillId}/cancel` })
  cancel!: string;
  @ApiProperty({ example: `/api/admin/backups/${backupId}` })
  backup!: string;
}

export class DrillAcceptedDto {
  @ApiProperty({ example: drillId })
  drillId!: string;
  @ApiProperty({ enum: taskStates, example: 'pending' })
  status!: string;
  @ApiProperty({ example: backupId })
  backupId!: string;
  @ApiProperty({ type: DrillLinksDto })
  links!: DrillLinksDto;
}

export class DrilledNamespaceDto {
  @ApiProperty({ example: 'clinic', description: 'Its name in the backup' })
  db!: string;
  @ApiProperty({ example: 'visits' })
  collection!: string;
  @ApiProperty({ enum: ['collection', 'view', 'timeseries'] })
  type!: string;
  @ApiProperty(integer)
  documents!: number;
  @ApiProperty(integer)
  indexes!: number;
  @ApiProperty({ type: [String], description: 'Empty: documents, indexes and options are those of the archive' })
  differences!: string[];
}

export class DrillExpectationDto {
  @ApiProperty({ ...integer, ...nullable })
  min!: number | null;
  @ApiProperty({ ...integer, ...nullable })
  max!: number | null;
}

export class DrillAnswerDto {
  @ApiProperty({ example: 'visits newer than 2 days' })
  name!: string;
  @ApiProperty({ ...integer, ...nullable, description: 'null: the server did not answer it' })
  count!: number | null;
  @ApiProperty({ type: DrillExpectationDto })
  expect!: DrillExpectationDto;
  @ApiProperty()
  ok!: boolean;
}

export class DrillReportDto {
  @ApiProperty({ enum: ['equal', 'different'] })
  outcome!: string;
  @ApiProperty({ type: [DrilledNamespaceDto], description: 'Empty in lists' })
  namespaces!: DrilledNamespaceDto[];
  @ApiProperty({ type: [DrillAnswerDto] })
  queries!: DrillAnswerDto[];
  @ApiProperty({ type: [String], description: 'What the scratch server does not keep, and other notes' })
  warnings!: string[];
  @ApiProperty(integer)
  documents!: number;
  @ApiProperty({ ...integer, description: 'BSON bytes' })
  bytes!: number;
  @ApiProperty({ ...integer, description: 'How long the restore took, indexes included: the measured recovery time' })
  restoreMs!: number;
  @ApiProperty(integer)
  compareMs!: number;
}

export class DrillRecordDto {
  @ApiProperty({ example: drillId })
  drillId!: string;
  @ApiProperty({ enum: taskStates })
  status!: string;
  @ApiProperty({ enum: drillTriggers })
  trigger!: string;
  @ApiProperty({
    enum: drillChoices,
    description: 'Scheduled drills take in turn the newest and a random older backup',
  })
  choice!: string;
  @ApiProperty({ ...time, ...nullable })
  slot!: string | null;
  @ApiProperty({ example: 'clinic' })
  target!: string;
  @ApiProperty({ example: backupId })
  backupId!: string;
  @ApiProperty({ example: 'staging', description: 'The scratch target' })
  targetName!: string;
  @ApiProperty(time)
  createdAt!: string;
  @ApiProperty({ ...time, ...nullable })
  startedAt!: string | null;
  @ApiProperty({ ...time, ...nullable })
  completedAt!: string | null;
  @ApiProperty()
  correlationId!: string;
  @ApiProperty({ description: 'The subject of the token that asked for it, or schedule' })
  requestedBy!: string;
  @ApiProperty({ ...integer, description: 'Number of the run; 0 before the first' })
  attempt!: number;
  @ApiProperty({ type: String, ...nullable })
  stage!: string | null;
  @ApiProperty({ type: DrillReportDto, ...nullable })
  report!: DrillReportDto | null;
  @ApiProperty({ type: String, ...nullable })
  errorMessage!: string | null;
  @ApiProperty({ type: RecordedErrorDto, ...nullable })
  error!: RecordedErrorDto | null;
  @ApiProperty({ ...time, ...nullable, description: 'When the next run is due after one that failed' })
  nextAttemptAt!: string | null;
  @ApiProperty({ description: 'A wish to cancel was taken and is not carried out yet' })
  cancelRequested!: boolean;
  @ApiProperty({ type: DrillLinksDto })
  links!: DrillLinksDto;
}

export class DrillPageDto {
  @ApiProperty({ type: [DrillRecordDto] })
  data!: DrillRecordDto[];
  @ApiProperty({ type: PaginationDto })
  pagination!: PaginationDto;
}
