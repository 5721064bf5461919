import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ApiConfig } from '#config';
import type { Clock, Random } from '#contracts';
import { authenticate } from '../auth/authenticate.middleware.js';
import { JwtStrategy } from '../auth/jwt.strategy.js';
import { API_CONFIG, CLOCK, RANDOM, RATE_LIMITS } from '../core/tokens.js';
import { requestLog } from '../logging/request-log.js';
import { ServiceLog } from '../logging/service-log.js';
import { body } from './body.middleware.js';
import { correlation, correlationHeader } from './correlation.middleware.js';
import type { RateLimits } from './rate-limits.js';
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
  app.use(requestLog(app.get(ServiceLog).pino));
  app.use(securityHeaders());
  enableCors(app, config.corsOrigins);
  app.use(authenticate(app.get(JwtStrategy)));
  app.use(throttle(app.get<RateLimits>(RATE_LIMITS)));
  app.use(...body());
}

/** Exact origins, no wildcard; without any, no browser elsewhere may read a reply. */
function enableCors(app: NestExpressApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    origin: [...origins],
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', correlationHeader],
    exposedHeaders: [correlationHeader, 'Location', 'Retry-After'],
    credentials: false,
    maxAge: 600,
  });
}
