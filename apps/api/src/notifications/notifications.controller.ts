import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { AuditLog } from '../audit/audit-log.js';
import { Roles } from '../auth/access.js';
import type { Plain } from '../http/plain.js';
import { Context, type RequestContext } from '../http/request-context.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { NotificationTestDto } from './notifications.dto.js';
import { TestChannels } from './test-channels.js';

@ApiTags('notifications')
@Controller('admin/notifications')
export class NotificationsController {
  constructor(
    @Inject(TestChannels) private readonly channels: TestChannels,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  @Post('test')
  @Roles('admin')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'testNotifications',
    summary: 'Send a test message by every configured channel, and tell what came of it',
    description:
      'By the API itself, which has the same channels as the workers, and once: nothing is tried again. 200 also when a channel failed: the reply tells which, and why.',
  })
  @ApiOkResponse({ type: NotificationTestDto })
  @ApiProblems(...usualProblems)
  test(@Context() context: RequestContext, @Req() request: Request): Promise<Plain<NotificationTestDto>> {
    return this.audit.act(
      request,
      { event: 'notification_test' },
      () => this.channels.run(context),
      ({ notificationId }) => notificationId,
    );
  }
}
