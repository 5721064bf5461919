import type { RequestHandler } from 'express';
import type { Clock } from '#contracts';
import type { Metrics } from '#metrics';

/** Counts and times every reply under the route's pattern, never under its path. */
export function measure(metrics: Metrics, clock: Clock): RequestHandler {
  return (request, response, next) => {
    const start = clock.monotonicMs();
    response.once('close', () => {
      const route = (request.route as { readonly path?: unknown } | undefined)?.path;
      metrics.httpRequest({
        route: typeof route === 'string' ? route : undefined,
        method: request.method,
        status: response.statusCode,
        seconds: (clock.monotonicMs() - start) / 1000,
      });
    });
    next();
  };
}
