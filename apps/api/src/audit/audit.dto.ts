import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsDate, IsIn, IsInt, IsString, Length, Matches, Max, Min } from 'class-validator';
import { dayOrTime } from '../backups/backup-queries.dto.js';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { Instant, WholeNumber } from '../http/query-values.js';

/** What the form of a whole number in a query holds. */
const mostNumber = 999_999_999;
const outcomes = ['success', 'failure'] as const;
const wrongTime = { message: '$property must be a day (2026-11-23) or a time with its zone (2026-11-23T02:00:00Z)' };

export class AuditQueryDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 50 })
  @MayBeAbsent()
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(200)
  limit = 50;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: mostNumber,
    description: 'Only entries with a lower number: `next` of the page before',
  })
  @MayBeAbsent()
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(mostNumber)
  before?: number;

  @ApiPropertyOptional({ description: 'Only of this kind', example: 'sensitive_delete', pattern: '^[a-z_]{1,60}$' })
  @MayBeAbsent()
  @Matches(/^[a-z_]{1,60}$/, { message: 'event must be a kind of entry, such as sensitive_delete' })
  event?: string;

  @ApiPropertyOptional({ description: 'Only by this subject', minLength: 1, maxLength: 200, example: 'ann' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 200)
  actor?: string;

  @ApiPropertyOptional({ description: 'Only about this', minLength: 1, maxLength: 300 })
  @MayBeAbsent()
  @IsString()
  @Length(1, 300)
  resource?: string;

  @ApiPropertyOptional({ enum: outcomes })
  @MayBeAbsent()
  @IsIn(outcomes)
  outcome?: (typeof outcomes)[number];

  @ApiPropertyOptional({
    type: String,
    description: 'At this time or later',
    example: '2026-11-01',
    pattern: dayOrTime,
  })
  @MayBeAbsent()
  @Instant('start')
  @IsDate(wrongTime)
  from?: Date;

  @ApiPropertyOptional({
    type: String,
    description: 'At this time or earlier',
    example: '2026-11-30',
    pattern: dayOrTime,
  })
  @MayBeAbsent()
  @Instant('end')
  @IsDate(wrongTime)
  to?: Date;
}

export class AuditEntryDto {
  @ApiProperty({ type: 'integer', example: 4711, description: 'From 1, without a gap' })
  sequence!: number;
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty({ example: 'sensitive_delete', description: "OWASP's vocabulary where it has a word" })
  event!: string;
  @ApiProperty({ enum: outcomes })
  outcome!: string;
  @ApiProperty({ example: 'ann', description: 'Subject of the token; anonymous without one' })
  actor!: string;
  @ApiProperty({ type: String, nullable: true, enum: ['viewer', 'operator', 'admin', null] })
  role!: string | null;
  @ApiProperty({ type: String, nullable: true, example: '192.0.2.7', description: 'Of a sum: the network' })
  address!: string | null;
  @ApiProperty({ type: String, nullable: true })
  correlationId!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'clinic-20261123T020000Z-k3f9q2' })
  resource!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'no force' })
  detail!: string | null;
  @ApiProperty({ description: 'SHA-256 of the entry and of the hash before it' })
  hash!: string;
}

export class AuditHeadDto {
  @ApiProperty({ type: 'integer' })
  sequence!: number;
  @ApiProperty()
  hash!: string;
}

export class AuditPageDto {
  @ApiProperty({ type: [AuditEntryDto], description: 'Newest first' })
  data!: AuditEntryDto[];
  @ApiProperty({ type: 'integer', nullable: true, description: '`before` of the next page; null: this is the last' })
  next!: number | null;
  @ApiProperty({
    type: AuditHeadDto,
    nullable: true,
    description:
      'The newest entry as it is noted beside the log. Kept elsewhere, it proves later that nothing was removed',
  })
  head!: AuditHeadDto | null;
}
