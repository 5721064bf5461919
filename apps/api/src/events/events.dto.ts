import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import { backupJson, backupStates } from '#contracts';
import { ProgressDto, RecordedErrorDto } from '../backups/backup.dto.js';
import { backupId } from '../backups/backup.examples.js';
import { MayBeAbsent } from '../http/may-be-absent.js';

const nullable = { nullable: true } as const;
const time = { type: String, format: 'date-time' } as const;

/** The `data:` of an event. */
export class BackupEventDto {
  @ApiProperty({ example: backupId })
  backupId!: string;
  @ApiProperty({ example: 'clinic' })
  target!: string;
  @ApiProperty({ enum: backupJson.shape.trigger.options })
  trigger!: string;
  @ApiProperty({ enum: backupStates })
  status!: string;
  @ApiProperty({ type: String, ...nullable, description: 'Null: it does not run', example: 'dump' })
  stage!: string | null;
  @ApiProperty({ type: 'integer', description: 'Number of the run; 0 before the first' })
  attempt!: number;
  @ApiProperty({ type: ProgressDto, ...nullable, description: 'Of the newest run' })
  progress!: ProgressDto | null;
  @ApiProperty({ type: 'integer', ...nullable, description: 'At the rate so far; null: nobody can tell' })
  remainingSeconds!: number | null;
  @ApiProperty(time)
  createdAt!: string;
  @ApiProperty({ ...time, ...nullable })
  startedAt!: string | null;
  @ApiProperty({ ...time, ...nullable })
  completedAt!: string | null;
  @ApiProperty({ type: 'integer', ...nullable, description: 'Bytes of the sealed object' })
  size!: number | null;
  @ApiProperty()
  verified!: boolean;
  @ApiProperty({ type: String, ...nullable })
  errorMessage!: string | null;
  @ApiProperty({ type: RecordedErrorDto, ...nullable })
  error!: RecordedErrorDto | null;
  @ApiProperty()
  pinned!: boolean;
  @ApiProperty({ type: String, ...nullable })
  label!: string | null;
  @ApiProperty()
  cancelRequested!: boolean;
}

export class EventsQuery {
  @ApiPropertyOptional({
    description: 'From POST /api/admin/events/ticket, for EventSource, which cannot send a token',
    pattern: '^[A-Za-z0-9_-]{1,100}$',
  })
  @MayBeAbsent()
  @IsString()
  @Matches(/^[\w-]{1,100}$/, { message: 'ticket must be one that was given out' })
  ticket?: string;

  @ApiPropertyOptional({
    description: 'The id of the last event that was seen, where no header Last-Event-ID can be sent',
    maxLength: 100,
  })
  @MayBeAbsent()
  @IsString()
  @MaxLength(100)
  lastEventId?: string;
}

export class EventTicketDto {
  @ApiProperty({ example: 'q2V8cWmA3pN0bYt5xKzR1dFhJ6sLuE9GvTiOoCaXwPk' })
  ticket!: string;
  @ApiProperty({ ...time, description: 'Until then the first connection must be made' })
  expiresAt!: string;
  @ApiProperty({ ...time, description: 'Until then the stream lasts and can be taken up again: the end of the token' })
  endsAt!: string;
}
