import { ApiProperty } from '@nestjs/swagger';
import { backupJson, backupStates, copyStates, describeConsistency, taskStates, verificationLevels } from '#contracts';
import * as example from './backup.examples.js';

const nullable = { nullable: true } as const;
const time = { type: String, format: 'date-time' } as const;

export class CollectionDto {
  @ApiProperty({ example: 'clinic.patients' })
  name!: string;
  @ApiProperty({ type: 'integer', example: 52_000 })
  documents!: number;
  @ApiProperty({ type: 'integer', example: 41_600_000 })
  bytes!: number;
}

export class MetadataDto {
  @ApiProperty({ type: [CollectionDto], description: 'Empty in lists' })
  collections!: CollectionDto[];
  @ApiProperty({ type: 'integer', example: 353_000 })
  totalDocuments!: number;
  @ApiProperty({ type: 'integer', description: 'BSON bytes', example: 279_650_000 })
  totalSize!: number;
  @ApiProperty({ description: 'Archive bytes / stored bytes', example: 3.38 })
  compressionRatio!: number;
}

export class VerificationStatusDto {
  @ApiProperty({ description: 'At level readable or better' })
  verified!: boolean;
  @ApiProperty({
    enum: verificationLevels.filter((level) => level !== 'stored'),
    ...nullable,
    description:
      'Of the verification that said so: restored is a drill, or a verification at that level. Null too where an older version wrote it',
  })
  level!: string | null;
  @ApiProperty({ ...time, ...nullable })
  verifiedAt!: string | null;
  @ApiProperty({ type: String, ...nullable, description: 'SHA-256 that was found' })
  verificationHash!: string | null;
}

export class RecordedErrorDto {
  @ApiProperty({ example: 'source/unreachable' })
  code!: string;
  @ApiProperty({ example: 'dump' })
  stage!: string;
  @ApiProperty()
  retryable!: boolean;
  @ApiProperty({ type: String, ...nullable })
  hint!: string | null;
}

export class VerificationErrorDto extends RecordedErrorDto {
  @ApiProperty()
  message!: string;
}

export class VerificationDto {
  @ApiProperty({ example: `${example.backupId}-v1` })
  verificationId!: string;
  @ApiProperty({ enum: verificationLevels })
  level!: string;
  @ApiProperty({ enum: taskStates })
  status!: string;
  @ApiProperty({ ...time, ...nullable })
  startedAt!: string | null;
  @ApiProperty({ ...time, ...nullable })
  completedAt!: string | null;
  @ApiProperty({ type: VerificationErrorDto, ...nullable })
  error!: VerificationErrorDto | null;
}

export class ProgressDto {
  @ApiProperty({ example: 'dump' })
  stage!: string;
  @ApiProperty({ type: 'integer' })
  archiveBytes!: number;
  @ApiProperty({ type: 'integer' })
  storedBytes!: number;
  @ApiProperty({ type: 'integer' })
  documents!: number;
  @ApiProperty({ type: 'integer', ...nullable })
  estimatedBytes!: number | null;
  @ApiProperty()
  bytesPerSecond!: number;
  @ApiProperty(time)
  updatedAt!: string;
}

export class ResourcesDto {
  @ApiProperty({ description: 'CPU time of the worker during the run, mongodump included' })
  cpuSeconds!: number;
  @ApiProperty({ type: 'integer', description: 'Most memory of the worker during the run, without mongodump' })
  peakRssBytes!: number;
  @ApiProperty()
  archiveBytesPerSecond!: number;
  @ApiProperty({ description: 'Longest delay of the event loop' })
  eventLoopDelayMs!: number;
}

export class EventDto {
  @ApiProperty(time)
  at!: string;
  @ApiProperty({ example: 'completed' })
  type!: string;
  @ApiProperty({ example: '82763881 bytes' })
  message!: string;
}

export class EngineDto {
  @ApiProperty({ example: 'native' })
  name!: string;
  @ApiProperty({ example: '1.0.0' })
  version!: string;
}

export class MomentDto {
  @ApiProperty({ type: 'integer', description: 'Seconds since 1970', example: example.moment.t })
  t!: number;
  @ApiProperty({ type: 'integer', description: 'Of the operations in that second', example: example.moment.i })
  i!: number;
}

export class ConsistencyDto {
  @ApiProperty({
    enum: ['none', 'snapshot', 'oplog'],
    description: 'oplog: of one moment once a restore has replayed the oplog of the backup',
    example: 'snapshot',
  })
  mode!: string;
  @ApiProperty({ type: MomentDto, ...nullable, description: 'The moment, by the clock of the replica set' })
  at!: MomentDto | null;
  @ApiProperty({
    description: 'The same in words for people',
    example: describeConsistency({ mode: 'snapshot', at: example.moment }),
  })
  text!: string;
}

export class ReplicaDto {
  @ApiProperty({ example: 'offsite' })
  destination!: string;
  @ApiProperty({
    enum: copyStates,
    description: 'failed and missing ones are copied again by themselves',
    example: 'copied',
  })
  state!: string;
  @ApiProperty({ type: 'integer', description: 'Tries that failed since the last one that did not' })
  attempts!: number;
  @ApiProperty({ ...time, ...nullable })
  copiedAt!: string | null;
  @ApiProperty({ ...time, ...nullable, description: 'When it was last read back from there and found good' })
  verifiedAt!: string | null;
  @ApiProperty({ ...time, ...nullable, description: 'Held there by object lock: it is not removed before' })
  lockedUntil!: string | null;
  @ApiProperty({ ...time, ...nullable, description: 'When a failed one is tried again' })
  nextAttemptAt!: string | null;
  @ApiProperty({ type: String, ...nullable })
  errorMessage!: string | null;
  @ApiProperty({ type: RecordedErrorDto, ...nullable })
  error!: RecordedErrorDto | null;
}

/** spec/api.md, "Backup". */
export class BackupDto {
  @ApiProperty({ example: example.backupId })
  backupId!: string;
  @ApiProperty({ enum: backupStates })
  status!: string;
  @ApiProperty({ type: String, ...nullable, description: 'Name, or * for several; null until a worker took it' })
  database!: string | null;
  @ApiProperty({ type: String, ...nullable, description: 'The full key; relative in a directory' })
  s3Key!: string | null;
  @ApiProperty({ type: String, ...nullable, description: 'SHA-256 of the sealed object' })
  hash!: string | null;
  @ApiProperty({ type: 'integer', ...nullable, description: 'Bytes of the sealed object' })
  size!: number | null;
  @ApiProperty({ ...time, ...nullable })
  startedAt!: string | null;
  @ApiProperty({ ...time, ...nullable })
  completedAt!: string | null;
  @ApiProperty({ type: String, ...nullable })
  errorMessage!: string | null;
  @ApiProperty({ type: MetadataDto, ...nullable })
  metadata!: MetadataDto | null;
  @ApiProperty({ ...time, ...nullable, description: 'A forecast: the policy of the day decides' })
  retentionDate!: string | null;
  @ApiProperty({ type: VerificationStatusDto })
  verificationStatus!: VerificationStatusDto;
  @ApiProperty({ example: 'clinic' })
  target!: string;
  @ApiProperty({ enum: backupJson.shape.trigger.options })
  trigger!: string;
  @ApiProperty(time)
  createdAt!: string;
  @ApiProperty({ ...time, ...nullable, description: 'The scheduled time' })
  slot!: string | null;
  @ApiProperty()
  correlationId!: string;
  @ApiProperty({ type: 'integer', description: 'Number of the run; 0 before the first' })
  attempt!: number;
  @ApiProperty({ type: String, ...nullable })
  stage!: string | null;
  @ApiProperty({ type: ProgressDto, ...nullable })
  progress!: ProgressDto | null;
  @ApiProperty({ type: EngineDto, ...nullable })
  engine!: EngineDto | null;
  @ApiProperty({
    ...{ type: String, ...nullable, example: null },
    description:
      'What was chosen by hand (hazina backup) where its target is something else: databases, and a digest of patterns. It stands for no backup of all',
  })
  part!: string | null;
  @ApiProperty({ type: ConsistencyDto, ...nullable, description: 'What the backup is consistent to' })
  consistency!: ConsistencyDto | null;
  @ApiProperty({ type: String, ...nullable, enum: ['zstd', 'gzip', 'none'] })
  compression!: string | null;
  @ApiProperty({ type: [String] })
  keyIds!: string[];
  @ApiProperty({ type: String, ...nullable })
  label!: string | null;
  @ApiProperty()
  pinned!: boolean;
  @ApiProperty({ type: RecordedErrorDto, ...nullable })
  error!: RecordedErrorDto | null;
  @ApiProperty({ type: [VerificationDto] })
  verifications!: VerificationDto[];
  @ApiProperty({ type: [ReplicaDto], description: 'Its copies in the destinations' })
  replicas!: ReplicaDto[];
  @ApiProperty({
    type: String,
    ...nullable,
    description:
      'The destination that it was written to, for the primary store was away, and in which it stands until it is brought home; null: the primary store',
  })
  place!: string | null;
  @ApiProperty({ type: ResourcesDto, ...nullable })
  resources!: ResourcesDto | null;
  @ApiProperty({ ...time, ...nullable })
  deletedAt!: string | null;
  @ApiProperty({
    ...time,
    ...nullable,
    description: 'The store refuses to remove it before (object lock), as last seen; null: not locked',
  })
  lockedUntil!: string | null;
}

export class BackupDetailsDto extends BackupDto {
  @ApiProperty({ type: [EventDto], description: 'What happened, oldest first' })
  events!: EventDto[];
  @ApiProperty({ type: [String] })
  warnings!: string[];
  @ApiProperty({ ...time, ...nullable, description: 'When the next run is due after one that failed' })
  nextAttemptAt!: string | null;
  @ApiProperty({ description: 'A wish to cancel was taken and is not carried out yet' })
  cancelRequested!: boolean;
}
