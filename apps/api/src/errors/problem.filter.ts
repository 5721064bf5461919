import {
  Catch,
  Inject,
  MethodNotAllowedException,
  NotFoundException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { RefusalLog } from '../audit/refusal-log.js';
import { allowedMethods } from '../http/allowed-methods.js';
import { correlationIdOf } from '../http/request-context.js';
import { isLogin } from '../http/throttle.middleware.js';
import { pathOf } from '../logging/request-log.js';
import { ServiceLog } from '../logging/service-log.js';
import { problemMediaType, problemOf, type Problem } from './problem.js';

const defaultRetryAfterSeconds = 5;

/** The one edge where errors become replies. Unexpected ones are logged whole, expected ones are a line of the request's log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(ServiceLog) private readonly log: ServiceLog,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.reply(thrown, http.getRequest<Request>(), http.getResponse<Response>());
  }

  reply(thrown: unknown, request: Request, response: Response): void {
    const problem = problemOf(this.#byMethod(thrown, request, response), {
      instance: pathOf(request),
      correlationId: correlationIdOf(request),
    });
    this.#noteRefusal(problem, request);
    if (problem.status >= 500) this.log.failure(thrown, { status: problem.status, path: problem.instance });
    if (response.headersSent || response.writableEnded) {
      // A body was under way: nothing can be said any more, only that it is not whole.
      if (!response.writableEnded) response.destroy();
      return;
    }
    sendProblem(response, problem);
  }

  /** A path that is served, by other methods than this one: 405, and which. */
  #byMethod(thrown: unknown, request: Request, response: Response): unknown {
    const allowed = thrown instanceof NotFoundException ? allowedMethods(request) : [];
    if (allowed.length === 0 || allowed.includes(request.method) || response.headersSent) return thrown;
    response.setHeader('Allow', allowed.join(', '));
    return new MethodNotAllowedException();
  }

  /** Who was not let in, or not any more, and what no client of ours sends. A login notes its own failures. */
  #noteRefusal({ status, instance, detail }: Problem, request: Request): void {
    const event = refusals[status];
    if (event === undefined || (status === 401 && isLogin(request))) return;
    this.refusals.note(request, { event, resource: `${request.method} ${instance}`, detail });
  }
}

/** OWASP's words. */
const refusals: Readonly<Record<number, string>> = {
  400: 'input_validation_fail',
  413: 'input_validation_fail',
  401: 'authz_fail',
  403: 'authz_fail',
  429: 'excess_rate_limit_exceeded',
};

export function sendProblem(response: Response, problem: Problem): void {
  const { status } = problem;
  if (status === 429 || status === 503) {
    const after = problem['retryAfter'];
    response.setHeader('Retry-After', String(typeof after === 'number' ? after : defaultRetryAfterSeconds));
  }
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="hazina"');
  response.setHeader('Cache-Control', 'no-store');
  // Express would add a charset, which the media type does not have.
  const body = Buffer.from(JSON.stringify(problem), 'utf8');
  response.status(status).setHeader('Content-Type', problemMediaType);
  response.setHeader('Content-Length', body.length);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
