import { createHmac } from 'node:crypto';
import type { Secret } from './secret.js';

/**
 * What signs a message to a receiver of webhooks and hooks: the value of `X-Hazina-Signature`: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`. A receiver computes the same over the raw
 * body, compares in constant time, and refuses a `t` that is minutes old.
 */
export function signatureOf(body: string, at: Date, secret: Secret): string {
  const time = Math.floor(at.getTime() / 1_000);
  const digest = createHmac('sha256', secret.reveal()).update(`${time}.${body}`, 'utf8').digest('hex');
  return `t=${time},v1=${digest}`;
}
