import { ApiProperty } from '@nestjs/swagger';
import { findingStates } from '#contracts';
import { QuotaDto } from '../backups/replies.dto.js';

const time = { type: String, format: 'date-time' } as const;

export class FindingDto {
  @ApiProperty({ example: 'redis eviction', description: 'Stable; what there is several of is named after it' })
  name!: string;
  @ApiProperty({
    enum: findingStates,
    description: 'warning: it works, and should not stay so; error: backups or restores will fail',
    example: 'error',
  })
  status!: string;
  @ApiProperty({ example: 'Redis may throw jobs away when its memory is full: maxmemory-policy is allkeys-lru' })
  detail!: string;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What to do',
    example: 'Set maxmemory-policy to noeviction',
  })
  hint!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Of an error', example: 'queue/evicts' })
  code!: string | null;
  @ApiProperty({ type: [String], description: '`api`, or ids of workers', example: ['api'] })
  reportedBy!: string[];
}

export class StoreAbilitiesDto {
  @ApiProperty({ description: 'If-None-Match is honoured' })
  conditionalCreate!: boolean;
  @ApiProperty({ description: 'If-Match is honoured' })
  conditionalReplace!: boolean;
  @ApiProperty()
  presign!: boolean;
}

export class SystemKeyDto {
  @ApiProperty({ example: '0f3c0f3c0f3c0f3c' })
  keyId!: string;
  @ApiProperty({ enum: ['active', 'retired'], description: 'active seals and opens, retired only opens' })
  state!: string;
}

export class KeyProofDto {
  @ApiProperty({ description: 'Who looked', example: 'worker-7c9f/12/3f9a' })
  workerId!: string;
  @ApiProperty(time)
  at!: string;
  @ApiProperty({ type: 'integer', description: 'Kept backups that were looked at' })
  backups!: number;
  @ApiProperty({ type: 'integer' })
  opened!: number;
  @ApiProperty({ type: [String], description: 'The newest that the keys at hand do not open' })
  closed!: string[];
  @ApiProperty({ type: [String], description: 'The newest that are damaged' })
  damaged!: string[];
}

export class CatalogueDto {
  @ApiProperty({ enum: ['ok', 'unavailable'] })
  state!: string;
  @ApiProperty({ type: String, nullable: true })
  serverVersion!: string | null;
  @ApiProperty({ type: [String], description: 'For example `backups: {target: 1, slot: 1} unique`', example: [] })
  missingIndexes!: string[];
  @ApiProperty({ type: 'integer', nullable: true, description: "Milliseconds that its clock is ahead of the API's" })
  clockSkewMs!: number | null;
}

export class WorkerDto {
  @ApiProperty({ example: 'worker-7c9f/12/3f9a' })
  workerId!: string;
  @ApiProperty()
  host!: string;
  @ApiProperty({ example: '0.1.0' })
  version!: string;
  @ApiProperty({ example: 'v24.21.0' })
  nodeVersion!: string;
  @ApiProperty({ description: 'false: three heart-beats are missing, and what it said counts as unknown' })
  alive!: boolean;
  @ApiProperty(time)
  startedAt!: string;
  @ApiProperty(time)
  beatAt!: string;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, example: { mongodump: '100.18.0' } })
  tools!: Record<string, string>;
  @ApiProperty({ type: [String] })
  keyIds!: string[];
  @ApiProperty({ type: Boolean, nullable: true })
  storeOk!: boolean | null;
  @ApiProperty({ type: String, nullable: true })
  storeDetail!: string | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'Of a directory' })
  storeFreeBytes!: number | null;
  @ApiProperty({ type: StoreAbilitiesDto, nullable: true })
  storeAbilities!: StoreAbilitiesDto | null;
  @ApiProperty({ ...time, nullable: true, description: 'When it looked at rights, keys, tools and room last' })
  lookedAt!: string | null;
}

export class StorageDto {
  @ApiProperty({ example: 's3://clinic-backups/mongodb-backups/' })
  location!: string;
  @ApiProperty({ enum: ['ok', 'degraded'] })
  state!: string;
  @ApiProperty({ type: String, nullable: true })
  detail!: string | null;
  @ApiProperty({ type: String, nullable: true })
  storeId!: string | null;
}

export class DestinationDto {
  @ApiProperty({ example: 'offsite' })
  name!: string;
  @ApiProperty({
    type: String,
    nullable: true,
    example: 's3://clinic-copies/mongodb-backups/',
    description: 'Null until a worker told it',
  })
  location!: string | null;
  @ApiProperty({ enum: ['ok', 'degraded', 'unknown'], description: 'degraded: a live worker cannot use it' })
  state!: string;
  @ApiProperty({ type: String, nullable: true })
  detail!: string | null;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'Copies of backups by their state',
    example: { copied: 41, failed: 1 },
  })
  copies!: Record<string, number>;
  @ApiProperty({ type: QuotaDto, description: 'quotaBytes and quotaPolicy of the destination' })
  quota!: QuotaDto;
}

export class QueueDto {
  @ApiProperty({ enum: ['ok', 'unavailable', 'evicts'] })
  state!: string;
  @ApiProperty({ type: String, nullable: true })
  detail!: string | null;
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: { type: 'integer' } },
    nullable: true,
    example: { backup: { waiting: 0, active: 1, delayed: 0 } },
  })
  jobs!: object | null;
  @ApiProperty({ type: String, nullable: true, example: '7.2.4' })
  serverVersion!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'maxmemory-policy', example: 'noeviction' })
  policy!: string | null;
}

export class SystemDto {
  @ApiProperty({ example: '0.1.0' })
  version!: string;
  @ApiProperty({ example: 'v24.21.0' })
  nodeVersion!: string;
  @ApiProperty({
    type: [String],
    description: 'Of all live workers: the keys that backups are sealed with and opened by',
  })
  keyIds!: string[];
  @ApiProperty({ type: [SystemKeyDto], description: 'The same with what they are for' })
  keys!: SystemKeyDto[];
  @ApiProperty({
    type: KeyProofDto,
    nullable: true,
    description: 'Whether every kept backup opens with the keys of the worker that looked last',
  })
  keyProof!: KeyProofDto | null;
  @ApiProperty({ type: String, nullable: true, description: 'The store that the catalogue belongs to' })
  storeId!: string | null;
  @ApiProperty({ type: StorageDto })
  storage!: StorageDto;
  @ApiProperty({ type: [DestinationDto], description: 'Where backups are copied to, the nearest first' })
  destinations!: DestinationDto[];
  @ApiProperty({ type: QueueDto })
  queue!: QueueDto;
  @ApiProperty({ type: [WorkerDto] })
  workers!: WorkerDto[];
  @ApiProperty({ type: CatalogueDto })
  catalogue!: CatalogueDto;
  @ApiProperty({
    type: [FindingDto],
    description: 'What API and workers found, in the form of `hazina doctor`; errors first',
  })
  findings!: FindingDto[];
}
