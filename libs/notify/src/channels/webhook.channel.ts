import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import {
  AppError,
  signatureOf,
  systemCode,
  systemResolve,
  untilAborted,
  type Clock,
  type HostAddress,
  type NotificationRecord,
  type ResolveHost,
  type Secret,
} from '#contracts';
import { alertText } from '../alert-text.js';
import type { Channel } from '../channel.js';
import { notifyFailed } from '../notify-error.js';
import { parseWebhookUrl, webhookAddresses } from './safe-destination.js';

export interface WebhookOptions {
  readonly url: Secret;
  /** Signs each message; without one there is no signature. */
  readonly secret: Secret | null;
  readonly clock: Clock;
  /** For the whole request. Default 10,000. */
  readonly timeoutMs?: number;
  /** Default: the system's. */
  readonly resolve?: ResolveHost;
}

const defaultTimeoutMs = 10_000;
const replyLimitBytes = 64 * 1024;
const hint = 'Look at the log of the receiver behind NOTIFY_WEBHOOK_URL';
// The same message would be refused again; everything else (also 401, 403, 404) is about the receiver, which people mend.
const finalStatuses = new Set([400, 405, 406, 410, 411, 413, 414, 415, 422]);

/** Alerts as JSON by HTTP POST. */
export function createWebhookChannel(options: WebhookOptions): Channel {
  const url = parseWebhookUrl(options.url);
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  return {
    name: 'webhook',
    send: async (notification, signal) => {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const addresses = await untilAborted(webhookAddresses(url, options.resolve ?? systemResolve), limited);
        const status = await post(url, addresses, notification, options, limited);
        if (status < 200 || status > 299) throw refusal(status);
      } catch (error) {
        if (error instanceof AppError) throw error;
        const why = limited.aborted
          ? `did not answer within ${timeoutMs} ms`
          : `was not reached (${systemCode(error) ?? 'no code'})`;
        throw notifyFailed(`The webhook ${why}`, 'retry', hint);
      }
    },
  };
}

/** What a receiver gets; new fields may come, these stay. `text` is what chat services show. */
export function webhookBody(notification: NotificationRecord): string {
  const { notificationId, kind, of, target, backupId, correlationId, message, createdAt } = notification;
  const alert = alertText(notification);
  return JSON.stringify({
    schema: 'hazina-notification/1',
    id: notificationId,
    event: kind,
    of,
    target,
    backupId,
    correlationId,
    subject: alert.subject,
    text: `[Hazina] ${alert.subject}\n${alert.text}`,
    message: alert.facts.find(([label]) => label === 'What happened')?.[1] ?? message,
    hint: alert.facts.find(([label]) => label === 'What to do')?.[1] ?? null,
    createdAt: createdAt.toISOString(),
  });
}

async function post(
  url: URL,
  addresses: readonly HostAddress[],
  notification: NotificationRecord,
  options: WebhookOptions,
  signal: AbortSignal,
): Promise<number> {
  const body = webhookBody(notification);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'User-Agent': 'Hazina',
    'X-Hazina-Event': notification.kind,
    'X-Hazina-Delivery': notification.notificationId,
    ...(options.secret === null
      ? {}
      : { 'X-Hazina-Signature': signatureOf(body, options.clock.now(), options.secret) }),
  };
  const settings: RequestOptions = {
    method: 'POST',
    headers,
    signal,
    // A connection of its own: no proxy of an agent, no kept socket to an address that was never checked.
    agent: false,
    lookup: (_host, how, done) => {
      const [first] = addresses;
      if (how.all === true) done(null, [...addresses]);
      else done(null, first?.address ?? '', first?.family ?? 0);
    },
  };
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    send(url, settings, resolve).once('error', reject).end(body);
  });
  await drain(reply);
  return reply.statusCode ?? 0;
}

/** The status has decided; the reply is read a little, out of politeness, and nobody looks at it. */
async function drain(reply: IncomingMessage): Promise<void> {
  let bytes = 0;
  const patience = setTimeout(() => reply.destroy(), 1_000);
  await new Promise<void>((resolve) => {
    reply.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > replyLimitBytes) reply.destroy();
    });
    reply.once('error', () => undefined).once('close', resolve);
  });
  clearTimeout(patience);
}

function refusal(status: number): AppError {
  if (status >= 300 && status < 400) {
    return notifyFailed(
      `The webhook redirects (${status}), which is not followed`,
      'no-retry',
      'Set NOTIFY_WEBHOOK_URL to where it leads',
    );
  }
  const retry = finalStatuses.has(status) ? 'no-retry' : 'retry';
  return notifyFailed(`The webhook refused the message (${status})`, retry, hint);
}
