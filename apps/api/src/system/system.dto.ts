import { ApiProperty } from '@nestjs/swagger';

const time = { type: String, format: 'date-time' } as const;

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
  @ApiProperty({ type: String, nullable: true, description: 'The store that the catalogue belongs to' })
  storeId!: string | null;
  @ApiProperty({ type: StorageDto })
  storage!: StorageDto;
  @ApiProperty({ type: QueueDto })
  queue!: QueueDto;
  @ApiProperty({ type: [WorkerDto] })
  workers!: WorkerDto[];
}
