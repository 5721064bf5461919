import type { RequestHandler } from 'express';
import type { Clock, Random } from '#contracts';
import { startDeadline } from './deadline.js';
import { runInContext } from './request-context.js';

export const correlationHeader = 'X-Correlation-Id';
const pattern = /^[A-Za-z0-9._-]{8,64}$/;

/** The first of all: the caller's correlation id, if it has the form, else a new one; and the clock of the deadline. */
export function correlation(clock: Clock, random: Random): RequestHandler {
  return (request, response, next) => {
    const given = request.headers[correlationHeader.toLowerCase()];
    const correlationId = typeof given === 'string' && pattern.test(given) ? given : random.bytes(16).toString('hex');
    response.setHeader(correlationHeader, correlationId);
    runInContext(request, { correlationId, deadline: startDeadline(clock), identity: null }, next);
  };
}
