import type { RequestHandler } from 'express';
import { tokenDigest } from '../auth/identity.js';
import type { RateLimits } from './rate-limits.js';
import { contextOf } from './request-context.js';

/** Probes and metrics are asked for by machines in a fixed rhythm, whatever else goes on. */
const exempt = /^\/(health|metrics)(\/|$)/i;
const login = /^\/api\/auth\/login\/?$/i;

/** Limits before anything of the body is read: by token, or by address without a valid one; logins by address as well. */
export function throttle(limits: RateLimits): RequestHandler {
  return async (request, _response, next) => {
    if (exempt.test(request.path)) {
      next();
      return;
    }
    const { identity } = contextOf(request);
    const address = request.ip ?? 'unknown';
    await limits.countRequest(identity === null ? `address/${address}` : `token/${tokenDigest(identity)}`);
    if (request.method === 'POST' && login.test(request.path)) await limits.countLogin(address);
    next();
  };
}
