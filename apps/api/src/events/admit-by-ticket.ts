import type { Request, RequestHandler } from 'express';
import { contextOf } from '../http/request-context.js';
import type { UnusualActivity } from '../unusual/unusual-activity.js';
import { parseEventId, type EventPlace } from './event-id.js';
import type { EventTickets } from './event-tickets.js';

const streams = /^\/api\/admin\/(?:events|backups\/[^/]+\/events)\/?$/i;
const resumeCodes = new WeakMap<Request, string>();

/** Lets a ticket stand for the token that it was given out for: on event streams, and nowhere else. After the limits, which count such a request by its address. */
export function admitByTicket(tickets: EventTickets, unusual: UnusualActivity): RequestHandler {
  return async (request, _response, next) => {
    const context = contextOf(request);
    const { ticket } = request.query;
    if (
      context.identity === null &&
      request.method === 'GET' &&
      typeof ticket === 'string' &&
      streams.test(request.path)
    ) {
      const admission = await tickets.admit(ticket, lastEventOf(request)?.resumeCode ?? null);
      if (admission !== null) {
        context.identity = admission.identity;
        unusual.seen(admission.identity, request.ip);
        resumeCodes.set(request, admission.resumeCode);
      }
    }
    next();
  };
}

/** What the ids of this stream carry; null: it came with a token. */
export function resumeCodeOf(request: Request): string | null {
  return resumeCodes.get(request) ?? null;
}

/** Where the client was before: by its header, as EventSource sends it, or by the query of one that can send none. */
export function lastPlaceOf(request: Request): EventPlace | null {
  return lastEventOf(request)?.place ?? null;
}

function lastEventOf(request: Request): ReturnType<typeof parseEventId> {
  const header = request.headers['last-event-id'];
  const { lastEventId } = request.query;
  const text = typeof header === 'string' && header !== '' ? header : lastEventId;
  return typeof text === 'string' ? parseEventId(text) : null;
}
