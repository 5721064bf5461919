import { isIPv6 } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { tokenDigest } from '../auth/identity.js';
import type { RateLimits } from './rate-limits.js';
import { contextOf } from './request-context.js';

/** Probes and metrics are asked for by machines in a fixed rhythm, whatever else goes on. */
const exempt = /^\/(health|metrics)(\/|$)/i;
const login = /^\/(api\/auth|docs|queues)\/login\/?$/i;

/** Limits before anything of the body is read: by token, or by address without a valid one; logins by address as well. */
export function throttle(limits: RateLimits): RequestHandler {
  return async (request, _response, next) => {
    if (exempt.test(request.path)) {
      next();
      return;
    }
    const { identity } = contextOf(request);
    const address = networkOf(request.ip ?? 'unknown');
    await limits.countRequest(identity === null ? `address/${address}` : `token/${tokenDigest(identity)}`);
    if (isLogin(request)) await limits.countLogin(address);
    next();
  };
}

export function isLogin(request: Request): boolean {
  return request.method === 'POST' && login.test(request.path);
}

/** An IPv6 customer has a whole /64: counted one by one, addresses would never run out. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
