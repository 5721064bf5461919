import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, RequestHandler, Response } from 'express';
import { AppError, mayAct } from '#contracts';
import { forbidden, unauthorized } from '../auth/access.guard.js';
import { Revocations } from '../auth/revocations.js';
import { contextOf } from '../http/request-context.js';
import { UnusualActivity } from '../unusual/unusual-activity.js';
import type { Area } from './areas.js';
import { PageLogin } from './page-login.js';
import { PageSessions } from './page-sessions.js';
import { cookieOf } from './session-cookie.js';

/**
 * Everything under the area's paths is for people with its role: by a token in the header, as everywhere, or by the cookie of a login on its own page. Only reads
 * are served; what changes something is under /api/admin, where no cookie counts. Stands after the limits and before anything of a body is read.
 */
export function guardPages(app: NestExpressApplication, area: Area): void {
  const login = app.get(PageLogin);
  const [first = ''] = area.paths;
  const routes = app.getHttpAdapter().getInstance() as { get: Route; post: Route };
  const headers: RequestHandler = (_request, response, next) => {
    response.setHeader('Content-Security-Policy', area.policy);
    response.setHeader('Cache-Control', 'no-store');
    // Without any referrer a browser would not tell either where the form of the login was.
    response.setHeader('Referrer-Policy', 'same-origin');
    next();
  };
  for (const path of area.paths) app.use(path, headers);
  routes.get(`${first}/login`, (_request, response) => login.show(response, area, 200));
  routes.post(`${first}/login`, (request, response) => login.begin(request, response, area));
  routes.get(`${first}/logout`, (request, response) => login.end(request, response, area));
  const guard = guardOf(app, area);
  for (const path of area.paths) app.use(path, guard);
}

type Route = (path: string, handler: (request: Request, response: Response) => void | Promise<void>) => void;

function guardOf(app: NestExpressApplication, area: Area): RequestHandler {
  const sessions = app.get(PageSessions);
  const revocations = app.get(Revocations);
  const unusual = app.get(UnusualActivity);
  return async (request, response, next) => {
    const context = contextOf(request);
    const cookie = cookieOf(request, area);
    if (context.identity === null && context.identityTrouble !== undefined) throw context.identityTrouble;
    if (context.identity === null && cookie !== null) {
      context.identity = await sessions.find(cookie, area);
      // Tokens in the header were looked at before.
      if (context.identity !== null) unusual.seen(context.identity, request.ip);
    }
    const { identity } = context;
    if (identity === null || (await revocations.isRevoked(identity.tokenId, true))) {
      if (isNavigation(request)) response.redirect(303, `${area.paths[0] ?? ''}/login`);
      else throw unauthorized();
      return;
    }
    if (identity.role === null || !mayAct(identity.role, area.role)) throw forbidden(area.role);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      throw new AppError({
        code: 'request/method-not-allowed',
        stage: 'request',
        message: 'These pages are to look at',
        hint: 'What changes something is under /api/admin',
      });
    }
    next();
  };
}

/** Somebody opened a page, and can be led to another one. */
function isNavigation(request: Request): boolean {
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
}
