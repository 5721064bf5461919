import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length, Matches } from 'class-validator';
import { MayBeAbsent } from '../http/may-be-absent.js';
import { LimitField, NumberField, TimeField } from '../http/query-fields.js';

/** What the form of a whole number in a query holds. */
const mostNumber = 999_999_999;
const outcomes = ['success', 'failure'] as const;

export class AuditQueryDto {
  @LimitField({ maximum: 200, default: 50 })
  limit = 50;

  @NumberField({ maximum: mostNumber, description: 'Only entries with a lower number: `next` of the page before' })
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

  @TimeField('start', { description: 'At this time or later', example: '2026-11-01' })
  from?: Date;

  @TimeField('end', { description: 'At this time or earlier', example: '2026-11-30' })
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
  @ApiProperty({ type: String, nullable: true, enum: ['viewer', 'operator', 'admin', null], example: 'admin' })
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
