import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { isBackupId } from '#contracts';
import { Roles } from '../auth/access.js';
import { unauthorized } from '../auth/access.guard.js';
import { noSuchBackup } from '../backups/find-backup.js';
import { beforeDeadline } from '../http/deadline.js';
import { Streaming } from '../http/deadline.interceptor.js';
import type { Plain } from '../http/plain.js';
import { Context, contextOf, type RequestContext } from '../http/request-context.js';
import { ApiProblems, usualProblems } from '../openapi/api-problems.js';
import { lastPlaceOf, resumeCodeOf } from './admit-by-ticket.js';
import { eventMessage } from './event-message.schema.js';
import { EventHub } from './event-hub.js';
import { EventTickets } from './event-tickets.js';
import { BackupEventDto, EventsQuery, EventTicketDto } from './events.dto.js';

const lastEventId = ApiHeader({
  name: 'Last-Event-ID',
  required: false,
  description: 'The id of the last event that was seen: the stream goes on after it',
});
const stream = ApiResponse({
  status: 200,
  description:
    'text/event-stream. Each message holds the state of one backup as JSON (BackupEventDto) and an `id:` to resume from; the first ones tell the present state. Named events: `removed` (its record was taken back: the queue did not take its job), `reset` (too much was missed: load the lists anew), `end` (`{"reason": "token-expired" | "token-revoked" | "shutting-down"}`). A comment every 15 s.',
  content: { 'text/event-stream': { schema: eventMessage } },
});

@ApiTags('events')
@ApiExtraModels(BackupEventDto)
@Controller('admin')
@Roles('viewer')
export class EventsController {
  constructor(
    @Inject(EventHub) private readonly hub: EventHub,
    @Inject(EventTickets) private readonly tickets: EventTickets,
  ) {}

  @Post('events/ticket')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'createEventTicket',
    summary: 'A ticket for EventSource, which cannot send a token',
    description:
      'new EventSource(`/api/admin/events?ticket=${ticket}`): once, within a minute. The same stream comes back by itself after a break, until the token ends.',
  })
  @ApiOkResponse({ type: EventTicketDto })
  @ApiProblems(...usualProblems)
  async ticket(@Context() { identity }: RequestContext): Promise<Plain<EventTicketDto>> {
    if (identity === null) throw unauthorized();
    const { ticket, expiresAt, endsAt } = await this.tickets.issue(identity);
    return { ticket, expiresAt: expiresAt.toISOString(), endsAt: endsAt.toISOString() };
  }

  @Get('events')
  @Streaming()
  @ApiOperation({ operationId: 'watchBackups', summary: 'Server-Sent Events of all backups: state and progress, live' })
  @lastEventId
  @stream
  @ApiProblems(...usualProblems)
  watchAll(@Query() _query: EventsQuery, @Req() request: Request, @Res() response: Response): Promise<void> {
    return this.#watch(null, request, response);
  }

  @Get('backups/:backupId/events')
  @Streaming()
  @ApiOperation({ operationId: 'watchBackup', summary: 'Server-Sent Events of one backup: state and progress, live' })
  @lastEventId
  @stream
  @ApiProblems(...usualProblems, 404)
  watchOne(
    @Param('backupId') backupId: string,
    @Query() _query: EventsQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (!isBackupId(backupId)) throw noSuchBackup();
    return this.#watch(backupId, request, response);
  }

  async #watch(backupId: string | null, request: Request, response: Response): Promise<void> {
    const { identity, deadline } = contextOf(request);
    if (identity === null) throw unauthorized();
    if (request.method === 'HEAD') {
      response.type('text/event-stream').end();
      return;
    }
    const from = lastPlaceOf(request);
    const wish = { response, identity, backupId, resumeCode: resumeCodeOf(request), from };
    // The refusal ends the reply, and with it whoever was about to listen.
    await beforeDeadline(deadline, this.hub.listen(wish));
  }
}
