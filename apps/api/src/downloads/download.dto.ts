import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { download } from '../backups/backup.examples.js';

export class DownloadHeaderDto {
  @ApiProperty({ format: 'uri' })
  url!: string;
  @ApiProperty()
  sha256!: string;
}

export class DownloadDto {
  @ApiProperty({
    format: 'uri',
    description: 'Presigned on S3, a ticket of this API for a directory',
    example: download.url,
  })
  url!: string;
  @ApiProperty({ format: 'date-time', example: download.expiresAt })
  expiresAt!: string;
  @ApiProperty({ example: download.fileName })
  fileName!: string;
  @ApiProperty({ type: 'integer', example: download.size })
  size!: number;
  @ApiProperty({ description: 'Of the sealed file', example: download.sha256 })
  sha256!: string;
  @ApiProperty({
    type: DownloadHeaderDto,
    nullable: true,
    description: 'After a key rotation the sidecar, for hazina open --header; else null',
    example: download.header,
  })
  header!: DownloadHeaderDto | null;
}

export class TicketQuery {
  @ApiProperty({ minLength: 1, maxLength: 2000, description: 'From GET /api/admin/backups/{backupId}/download' })
  @IsString()
  @Length(1, 2000)
  ticket!: string;
}
