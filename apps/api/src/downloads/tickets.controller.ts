import { pipeline } from 'node:stream/promises';
import { Controller, Get, HttpException, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AppError } from '#contracts';
import type { ObjectStore } from '#storage';
import { Public } from '../auth/access.js';
import { STORE } from '../core/tokens.js';
import { Streaming } from '../http/deadline.interceptor.js';
import { ServiceLog } from '../logging/service-log.js';
import { ApiProblems, problemResponse } from '../openapi/api-problems.js';
import { ofFile, ofRange } from '../openapi/response-headers.js';
import { contextOf } from '../http/request-context.js';
import { beginInTime } from './begin-in-time.js';
import { rangeOf } from './byte-range.js';
import { TicketQuery } from './download.dto.js';
import { Tickets, type Ticket } from './tickets.js';

/** A client that takes no byte for so long has gone. */
const idleMs = 60_000;

@ApiTags('downloads')
@Controller('downloads')
@Public()
export class TicketsController {
  constructor(
    @Inject(Tickets) private readonly tickets: Tickets,
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  @Get(':fileName')
  @Streaming()
  @ApiOperation({
    operationId: 'downloadByTicket',
    summary: 'The sealed file of a ticket; ranges are allowed',
    description:
      'Needs no token: the ticket in the URL is the permission. Where the store gives URLs itself (S3), none is made.',
  })
  @ApiResponse({ status: 200, description: 'The file', content: { 'application/octet-stream': {} }, headers: ofFile })
  @ApiResponse({
    status: 206,
    description: 'The range that was asked for',
    content: { 'application/octet-stream': {} },
    headers: { ...ofFile, ...ofRange },
  })
  @ApiProblems(400, 401, 410, 429, 503)
  @ApiResponse({ status: 416, ...problemResponse(416), headers: ofRange })
  async read(
    @Param('fileName') fileName: string,
    @Query() query: TicketQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const ticket = this.tickets.open(query.ticket);
    if (ticket?.fileName !== fileName) throw noTicket();
    const range = rangeOf(isCurrent(request, ticket) ? request.headers.range : undefined, ticket.size);
    if (range === 'unsatisfiable') {
      response.setHeader('Content-Range', `bytes */${ticket.size}`);
      throw new HttpException('', 416);
    }
    describe(response, ticket);
    const { start, end } = range === 'whole' ? { start: 0, end: ticket.size } : range;
    if (range !== 'whole') response.status(206).setHeader('Content-Range', `bytes ${start}-${end - 1}/${ticket.size}`);
    response.setHeader('Content-Length', end - start);
    if (request.method === 'HEAD') response.end();
    else await this.#send(ticket, { start, end }, request, response);
  }

  async #send(
    { key, backupId }: Ticket,
    range: { start: number; end: number },
    request: Request,
    response: Response,
  ): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    response.setTimeout(idleMs, () => response.destroy());
    const open = () => this.store.get(key, range, gone.signal);
    const body = await beginInTime(open, contextOf(request).deadline).catch((error: unknown) => {
      gone.abort();
      for (const name of response.getHeaderNames()) if (bodyHeaders.has(name)) response.removeHeader(name);
      throw error;
    });
    try {
      await pipeline(body, response);
    } catch (error) {
      // Cut off, so that the client sees less than Content-Length and resumes; nobody is there to be told more.
      if (!gone.signal.aborted || !response.destroyed) this.log.failure(error, { backupId });
    }
  }
}

const bodyHeaders = new Set([
  'content-length',
  'content-range',
  'content-disposition',
  'etag',
  'repr-digest',
  'accept-ranges',
]);

function describe(response: Response, { fileName, sha256 }: Ticket): void {
  response.setHeader('Content-Type', 'application/octet-stream');
  // File names are made of ids alone: nothing in them needs quoting.
  response.setHeader('Content-Disposition', `attachment; filename="${fileName}"`);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('ETag', `"${sha256}"`);
  response.setHeader('Repr-Digest', `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`);
  response.setHeader('Cache-Control', 'private, no-store');
}

/** A resumed download of another version starts anew. */
function isCurrent(request: Request, { sha256 }: Ticket): boolean {
  const condition = request.headers['if-range'];
  return condition === undefined || condition === `"${sha256}"`;
}

function noTicket(): AppError {
  return new AppError({
    code: 'auth/unauthorized',
    stage: 'request',
    message: 'The ticket is not valid, or no longer',
    hint: 'GET /api/admin/backups/{backupId}/download gives a new one',
  });
}
