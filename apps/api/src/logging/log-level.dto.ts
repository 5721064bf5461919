import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { wishedLogLevels } from '#contracts';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { LimitField } from '../http/query-fields.js';

const levels = [...wishedLogLevels, 'configured'] as const;
const allLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
/** Levels in lines of the log, from the most to the least important. */
export const lineLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export class LogLevelDto {
  @ApiProperty({ enum: allLevels, description: 'Of the process that answers, now', example: 'debug' })
  level!: string;
  @ApiProperty({ enum: allLevels, description: 'LOG_LEVEL of the process that answers', example: 'info' })
  configured!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null: the configured one holds' })
  until!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'ann' })
  setBy!: string | null;
}

export class SetLogLevelDto {
  @ApiProperty({ enum: levels, description: '`configured`: back to LOG_LEVEL at once', example: 'debug' })
  @IsIn([...levels])
  level!: (typeof levels)[number];

  @ApiPropertyOptional({ type: 'integer', minimum: 10, maximum: 86_400, default: 900 })
  @MayBeAbsent()
  @IsInt()
  @Min(10)
  @Max(86_400)
  seconds?: number;
}

export class LogsQueryDto {
  @LimitField({ maximum: 1_000, default: 100 })
  lines = 100;

  @ApiPropertyOptional({ enum: lineLevels, description: 'Only lines that are at least so important', example: 'warn' })
  @MayBeAbsent()
  @IsIn([...lineLevels])
  level?: (typeof lineLevels)[number];
}

export class LogLineDto {
  @ApiProperty({ format: 'date-time' })
  time!: string;
  @ApiProperty({ enum: lineLevels, example: 'info' })
  level!: string;
  @ApiProperty({ example: 'answered' })
  message!: string;
  @ApiProperty({ type: String, nullable: true })
  correlationId!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true, example: { method: 'GET', path: '/health/live' } })
  fields!: Record<string, unknown>;
}

export class LogsDto {
  @ApiProperty({ description: 'The process that answers: each replica has its own lines', example: 'api-1/4711' })
  process!: string;
  @ApiProperty({ type: [LogLineDto], description: 'From the oldest to the newest' })
  data!: LogLineDto[];
}
