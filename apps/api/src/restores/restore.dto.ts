import { ApiProperty } from '@nestjs/swagger';
import { restoreConflictKinds, restoreModes, taskStates } from '#contracts';
import { MomentDto, RecordedErrorDto } from '../backups/backup.dto.js';
import { backupId } from '../backups/backup.examples.js';
import { PaginationDto } from '../backups/replies.dto.js';
import { acceptedRestore, restoreId } from './restore.examples.js';

const time = { type: String, format: 'date-time' } as const;
const nullable = { nullable: true } as const;
const count = { type: 'integer', ...nullable } as const;

export class RestoreLinksDto {
  @ApiProperty({ example: acceptedRestore.links.self })
  self!: string;
  @ApiProperty({ example: acceptedRestore.links.cancel })
  cancel!: string;
  @ApiProperty({ example: acceptedRestore.links.backup })
  backup!: string;
}

export class RestoreAcceptedDto {
  @ApiProperty({ example: restoreId })
  restoreId!: string;
  @ApiProperty({ enum: taskStates, example: 'pending' })
  status!: string;
  @ApiProperty({ type: RestoreLinksDto })
  links!: RestoreLinksDto;
}

export class RestoreRenameDto {
  @ApiProperty({ example: 'clinic' })
  from!: string;
  @ApiProperty({ example: 'clinic_copy' })
  to!: string;
}

export class RestoreProgressOfDto {
  @ApiProperty({ example: 'clinic.visits' })
  name!: string;
  @ApiProperty({ type: 'integer' })
  documents!: number;
  @ApiProperty(count)
  expectedDocuments!: number | null;
  @ApiProperty()
  done!: boolean;
}

export class RestoreProgressDto {
  @ApiProperty({ example: 'load' })
  stage!: string;
  @ApiProperty({ type: 'integer' })
  documents!: number;
  @ApiProperty({ type: 'integer', description: 'BSON bytes' })
  bytes!: number;
  @ApiProperty(count)
  expectedDocuments!: number | null;
  @ApiProperty(count)
  expectedBytes!: number | null;
  @ApiProperty({ type: 'integer' })
  bytesPerSecond!: number;
  @ApiProperty({ type: [RestoreProgressOfDto], description: 'At most 50: those that are being loaded come first' })
  namespaces!: RestoreProgressOfDto[];
  @ApiProperty(time)
  updatedAt!: string;
}

export class RestoredNamespaceDto {
  @ApiProperty({ type: String, ...nullable, example: 'clinic.visits', description: 'Its name in the backup' })
  from!: string | null;
  @ApiProperty({ example: 'clinic_copy' })
  db!: string;
  @ApiProperty({ example: 'visits' })
  collection!: string;
  @ApiProperty({ type: String, ...nullable, enum: ['collection', 'view', 'timeseries'] })
  type!: string | null;
  @ApiProperty({ type: String, ...nullable, enum: ['create', 'replace', 'refused'] })
  action!: string | null;
  @ApiProperty(count)
  documents!: number | null;
  @ApiProperty(count)
  bytes!: number | null;
  @ApiProperty(count)
  indexes!: number | null;
  @ApiProperty({ type: [String], description: 'What the server did not keep' })
  differences!: string[];
  @ApiProperty({ ...count, description: 'From its first document to its last index' })
  durationMs!: number | null;
}

export class RestoreConflictDto {
  @ApiProperty({ enum: restoreConflictKinds })
  kind!: string;
  @ApiProperty({ description: 'The restore would be refused, or fail, because of it' })
  blocking!: boolean;
  @ApiProperty({ type: String, ...nullable, example: 'clinic', description: 'As it is called in the target' })
  db!: string | null;
  @ApiProperty({ type: String, ...nullable, example: 'visits' })
  collection!: string | null;
  @ApiProperty({ ...count, description: 'Documents that it is about, as far as they were found' })
  documents!: number | null;
  @ApiProperty({
    example:
      'clinic.visits: 5 documents of the target have an _id each that the backup does not have, and are gone afterwards',
  })
  message!: string;
}

export class RestoreEstimateDto {
  @ApiProperty(count)
  documents!: number | null;
  @ApiProperty({ ...count, description: 'BSON bytes, before the server compresses them' })
  bytes!: number | null;
  @ApiProperty({ ...count, description: "On the server's disk; null when it does not tell" })
  freeBytes!: number | null;
}

export class LeftAloneDto {
  @ApiProperty({ example: 'clinic' })
  db!: string;
  @ApiProperty({ example: 'visits' })
  collection!: string;
  @ApiProperty({ enum: ['collection', 'view', 'timeseries'] })
  type!: string;
}

export class RestoreFindingsDto {
  @ApiProperty({ type: [RestoreConflictDto], description: 'At most 500, those that stop the restore first' })
  conflicts!: RestoreConflictDto[];
  @ApiProperty({ type: [String] })
  checked!: string[];
  @ApiProperty({ type: [String], description: 'Here a conflict may be that is not listed' })
  notChecked!: string[];
  @ApiProperty({ type: RestoreEstimateDto })
  estimate!: RestoreEstimateDto;
  @ApiProperty({
    type: [LeftAloneDto],
    description: 'What else stands in the databases that are written, and stays as it is; at most 500',
  })
  leftAlone!: LeftAloneDto[];
}

export class ReplayedOplogDto {
  @ApiProperty({ type: 'integer', description: 'In the archive' })
  entries!: number;
  @ApiProperty({ type: MomentDto, ...nullable, description: 'All collections are as they were then' })
  at!: MomentDto | null;
}

export class RestoredUsersDto {
  @ApiProperty({ type: 'integer' })
  users!: number;
  @ApiProperty({ type: 'integer' })
  roles!: number;
}

export class RestoreReportDto {
  @ApiProperty({ description: 'true: this is a plan, and nothing was changed' })
  dryRun!: boolean;
  @ApiProperty({ enum: ['planned', 'restored', 'restored-with-differences'], example: 'restored' })
  outcome!: string;
  @ApiProperty({ type: [RestoredNamespaceDto], description: 'Empty in lists' })
  namespaces!: RestoredNamespaceDto[];
  @ApiProperty({ type: [String] })
  warnings!: string[];
  @ApiProperty({ type: 'integer' })
  documents!: number;
  @ApiProperty({ type: 'integer' })
  durationMs!: number;
  @ApiProperty({ type: RestoreFindingsDto, ...nullable, description: 'Of a dry run; null in lists' })
  findings!: RestoreFindingsDto | null;
  @ApiProperty({ type: ReplayedOplogDto, ...nullable, description: 'null: none was replayed' })
  oplog!: ReplayedOplogDto | null;
  @ApiProperty({
    ...{ type: RestoredUsersDto, ...nullable },
    description: 'That were taken over; null: none were asked for',
  })
  usersAndRoles!: RestoredUsersDto | null;
}

export class RestoreRecordDto {
  @ApiProperty({ example: restoreId })
  restoreId!: string;
  @ApiProperty({ enum: taskStates })
  status!: string;
  @ApiProperty({ example: backupId })
  backupId!: string;
  @ApiProperty({ example: 'staging' })
  targetName!: string;
  @ApiProperty({ enum: restoreModes, example: 'into-empty' })
  mode!: string;
  @ApiProperty()
  dryRun!: boolean;
  @ApiProperty({ type: [String] })
  databases!: string[];
  @ApiProperty({ type: [String] })
  include!: string[];
  @ApiProperty({ type: [String] })
  exclude!: string[];
  @ApiProperty({ type: [RestoreRenameDto] })
  rename!: RestoreRenameDto[];
  @ApiProperty({ enum: ['fail', 'keep-last'] })
  onConflict!: string;
  @ApiProperty()
  ignoreWrites!: boolean;
  @ApiProperty({
    type: Boolean,
    ...nullable,
    description: 'null: the oplog is replayed where the backup has one and all of it is restored',
  })
  oplogReplay!: boolean | null;
  @ApiProperty({ description: 'Users and roles of the backup are merged into those of the server' })
  usersAndRoles!: boolean;
  @ApiProperty(time)
  createdAt!: string;
  @ApiProperty({ ...time, ...nullable })
  startedAt!: string | null;
  @ApiProperty({ ...time, ...nullable })
  completedAt!: string | null;
  @ApiProperty()
  correlationId!: string;
  @ApiProperty({ description: 'The subject of the token that asked for it' })
  requestedBy!: string;
  @ApiProperty({ type: 'integer', description: 'Number of the run; 0 before the first' })
  attempt!: number;
  @ApiProperty({
    type: String,
    ...nullable,
    enum: ['loading', 'renaming'],
    description: 'renaming only goes forward: it cannot be cancelled any more',
  })
  phase!: string | null;
  @ApiProperty({ type: RestoreProgressDto, ...nullable })
  progress!: RestoreProgressDto | null;
  @ApiProperty({ type: String, ...nullable, description: 'The backup of what this restore replaced' })
  safetyBackupId!: string | null;
  @ApiProperty({ type: RestoreReportDto, ...nullable })
  report!: RestoreReportDto | null;
  @ApiProperty({ type: String, ...nullable })
  errorMessage!: string | null;
  @ApiProperty({ type: RecordedErrorDto, ...nullable })
  error!: RecordedErrorDto | null;
  @ApiProperty({ ...time, ...nullable, description: 'When the next run is due after one that failed' })
  nextAttemptAt!: string | null;
  @ApiProperty({ description: 'A wish to cancel was taken and is not carried out yet' })
  cancelRequested!: boolean;
  @ApiProperty({ type: RestoreLinksDto })
  links!: RestoreLinksDto;
}

export class RestorePageDto {
  @ApiProperty({ type: [RestoreRecordDto] })
  data!: RestoreRecordDto[];
  @ApiProperty({ type: PaginationDto })
  pagination!: PaginationDto;
}
