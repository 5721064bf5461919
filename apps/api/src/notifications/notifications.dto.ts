import { ApiProperty } from '@nestjs/swagger';

export class ChannelTestDto {
  @ApiProperty({ enum: ['email', 'webhook', 'log'], description: 'log: no channel is configured', example: 'webhook' })
  channel!: string;
  @ApiProperty({ description: 'The other side took the message', example: false })
  delivered!: boolean;
  @ApiProperty({ type: 'integer', minimum: 0 })
  milliseconds!: number;
  @ApiProperty({ type: String, nullable: true, example: 'The webhook refused the message (404)' })
  error!: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'Look at the log of the receiver behind NOTIFY_WEBHOOK_URL' })
  hint!: string | null;
}

export class NotificationTestDto {
  @ApiProperty({ example: 'test-5f0c9a1e2b7d4c38', description: 'As receivers see it (X-Hazina-Delivery, Message-ID)' })
  notificationId!: string;
  @ApiProperty({ type: [ChannelTestDto] })
  channels!: ChannelTestDto[];
}
