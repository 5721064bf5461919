import type { Request, RequestHandler } from 'express';
import type { Clock } from '#contracts';
import { contextOf, inContext } from '../http/request-context.js';
import type { ServiceLog } from './service-log.js';

const quietPaths = /^\/(health|metrics)(\/|$)/;

/** One line a request, when its reply has gone or its client has: no header, no query, no body. */
export function requestLog(log: ServiceLog, clock: Clock): RequestHandler {
  return (request, response, next) => {
    const start = clock.monotonicMs();
    const path = pathOf(request);
    // Asked for now: a connection that was cut off has none any more.
    const address = request.ip;
    response.once('close', () => {
      const context = contextOf(request);
      const { statusCode: status, writableFinished } = response;
      const line = {
        method: request.method,
        path,
        status,
        milliseconds: Math.round(clock.monotonicMs() - start),
        address,
        ...(context.identity === null ? {} : { actor: context.identity.subject, role: context.identity.role }),
      };
      const level = status >= 500 ? 'warn' : quietPaths.test(path) ? 'debug' : 'info';
      inContext(context, () => log.pino[level](line, writableFinished ? 'answered' : 'cut off'));
    });
    next();
  };
}

export function pathOf(request: Request): string {
  return request.originalUrl.split('?')[0] ?? '';
}
