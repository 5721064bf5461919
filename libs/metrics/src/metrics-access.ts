import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Secret } from '#contracts';

const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/;
/** A proxy on this machine makes everybody look local. */
const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/** Whoever shows a token must show the right one; without one only this machine itself is let in. */
export function mayReadMetrics(request: IncomingMessage, token: Secret | undefined): boolean {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const shown = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    return token !== undefined && shown !== undefined && same(shown, token.reveal());
  }
  const isLocal = loopback.test(request.socket.remoteAddress ?? '');
  return isLocal && proxyHeaders.every((name) => request.headers[name] === undefined);
}

function same(shown: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(shown), digest(wanted));
}
