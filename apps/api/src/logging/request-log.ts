import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request } from 'express';
import { pinoHttp, type HttpLogger } from 'pino-http';
import type { Logger } from 'pino';
import { contextOf } from '../http/request-context.js';

const quietPaths = /^\/(health|metrics)(\/|$)/;

/** One line a request, when it is answered: no header, no query, no body. */
export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp<IncomingMessage, ServerResponse>({
    logger,
    genReqId: (request) => contextOf(request).correlationId,
    quietReqLogger: true,
    quietResLogger: true,
    customAttributeKeys: { reqId: 'correlationId' },
    customLogLevel: (request, response, error) => {
      if (error !== undefined || response.statusCode >= 500) return 'warn';
      return quietPaths.test(pathOf(request)) ? 'debug' : 'info';
    },
    customSuccessMessage: () => 'answered',
    customErrorMessage: () => 'not answered',
    customSuccessObject: (request, response, value: object) => ({ ...value, ...facts(request, response) }),
    customErrorObject: (request, response, _error, value: { readonly responseTime?: number }) => ({
      responseTime: value.responseTime,
      ...facts(request, response),
    }),
  });
}

function facts(request: IncomingMessage, response: ServerResponse): object {
  const { identity } = contextOf(request);
  return {
    method: request.method,
    path: pathOf(request),
    status: response.statusCode,
    address: (request as Request).ip,
    actor: identity?.subject,
    role: identity?.role,
  };
}

function pathOf(request: IncomingMessage): string {
  return ((request as Request).originalUrl || (request.url ?? '')).split('?')[0] ?? '';
}
