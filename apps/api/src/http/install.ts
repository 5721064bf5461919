import { NotFoundException } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { ApiConfig } from '#config';
import type { Clock, Random } from '#contracts';
import type { Metrics } from '#metrics';
import { RefusalLog } from '../audit/refusal-log.js';
import { unauthorized } from '../auth/access.guard.js';
import { authenticate } from '../auth/authenticate.middleware.js';
import { JwtStrategy } from '../auth/jwt.strategy.js';
import { API_CONFIG, CLOCK, METRICS, RANDOM, RATE_LIMITS } from '../core/tokens.js';
import { ProblemFilter } from '../errors/problem.filter.js';
import { admitByTicket } from '../events/admit-by-ticket.js';
import { EventTickets } from '../events/event-tickets.js';
import { idempotencyHeader, replayedHeader } from '../idempotency/idempotency.interceptor.js';
import { requestLog } from '../logging/request-log.js';
import { ServiceLog } from '../logging/service-log.js';
import { measure } from '../metrics/measure.middleware.js';
import { UnusualActivity } from '../unusual/unusual-activity.js';
import { body } from './body.middleware.js';
import { correlation, correlationHeader } from './correlation.middleware.js';
import type { RateLimits } from './rate-limits.js';
import { contextOf } from './request-context.js';
import { docsArea, queuesArea } from '../pages/areas.js';
import { guardPages } from '../pages/guard-pages.js';
import { securityHeaders } from './security-headers.js';
import { throttle } from './throttle.middleware.js';

/** What every request passes, in this order, before a route is looked for. */
export function installMiddleware(app: NestExpressApplication): void {
  const config = app.get<ApiConfig>(API_CONFIG);
  app.set('trust proxy', config.trustProxy);
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.disable('x-powered-by');
  app.use(correlation(app.get<Clock>(CLOCK), app.get<Random>(RANDOM)));
  app.use(measure(app.get<Metrics>(METRICS), app.get<Clock>(CLOCK)));
  app.use(requestLog(app.get(ServiceLog), app.get<Clock>(CLOCK)));
  app.use(securityHeaders());
  enableCors(app, config.corsOrigins);
  app.use(authenticate(app.get(JwtStrategy)));
  app.use(throttle(app.get<RateLimits>(RATE_LIMITS)));
  app.use(noticePlaces(app.get(UnusualActivity)));
  if (config.swagger === 'login') guardPages(app, docsArea);
  if (config.queuesUi) guardPages(app, queuesArea);
  app.use(admitByTicket(app.get(EventTickets), app.get(UnusualActivity)));
  app.use('/api/admin', knownOnly);
  app.use(body());
}

/** Strangers get no further: nothing that they send under /api/admin is read, and which routes there are is not told. The guard asks again. */
const knownOnly: RequestHandler = (request, _response, next) => {
  const { identity, identityTrouble } = contextOf(request);
  if (identity === null) throw identityTrouble ?? unauthorized();
  next();
};

/** Where tokens are used from. */
function noticePlaces(unusual: UnusualActivity): RequestHandler {
  return (request, _response, next) => {
    const { identity } = contextOf(request);
    if (identity !== null) unusual.seen(identity, request.ip);
    next();
  };
}

/** After all routes: what none of them took, and errors from outside of Nest's own paths, are problems like all others. */
export function installEnd(app: NestExpressApplication): void {
  const filter = new ProblemFilter(app.get(ServiceLog), app.get(RefusalLog));
  // Express tells an error handler by its four parameters.
  const failed: ErrorRequestHandler = (error: unknown, request, response, next) => {
    if (response.headersSent) next(error);
    else filter.reply(error, request, response);
  };
  app.use((request: Request, response: Response) => filter.reply(new NotFoundException(), request, response));
  app.use(failed);
}

/** Exact origins, no wildcard; without any, no browser elsewhere may read a reply. */
function enableCors(app: NestExpressApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    origin: [...origins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', idempotencyHeader, 'Last-Event-ID', correlationHeader],
    exposedHeaders: [correlationHeader, 'Location', 'Link', 'Retry-After', replayedHeader],
    credentials: false,
    maxAge: 600,
  });
}
