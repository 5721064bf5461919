import { connect } from 'node:net';
import { createTransport } from 'nodemailer';
import {
  guardedLookup,
  systemCode,
  untilAborted,
  type AppError,
  type NotificationRecord,
  type Secret,
} from '#contracts';
import { alertText } from '../alert-text.js';
import type { Channel } from '../channel.js';
import { notifyFailed } from '../notify-error.js';
import { emailHtml } from './email-html.js';
import { parseSmtpUrl, type SmtpServer } from './smtp-url.js';

export interface EmailOptions {
  readonly smtpUrl: Secret;
  readonly from: string;
  readonly to: readonly string[];
  /** For the whole delivery. Default 20,000. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 20_000;

/** Alerts by mail. Every delivery has a connection of its own: alerts are rare, and a kept one would be dead when it is needed. */
export function createEmailChannel(options: EmailOptions): Channel {
  const server = parseSmtpUrl(options.smtpUrl);
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  return {
    name: 'email',
    send: async (notification, signal) => {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const transport = createTransport(transportOptions(server, timeoutMs, limited));
      try {
        await untilAborted(transport.sendMail(mailOf(notification, options)), limited);
      } catch (error) {
        throw failure(error, server, limited.aborted ? timeoutMs : undefined);
      } finally {
        transport.close();
      }
    },
  };
}

function transportOptions(server: SmtpServer, timeoutMs: number, signal: AbortSignal) {
  const { host, port, secure, requireTls, login } = server;
  return {
    host,
    port,
    secure,
    requireTLS: requireTls,
    ...(login === undefined ? {} : { auth: login }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // A mail is text: nothing in it may make the library read a file or a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
    // A socket of our own, because the library has no way to end a delivery from outside.
    getSocket: (
      _options: unknown,
      done: (error: Error | null, socket?: { connection: ReturnType<typeof connect> }) => void,
    ) => {
      const socket = connect({ host, port, signal, lookup: guardedLookup({ loopback: 'anywhere' }) });
      socket.once('error', done);
      socket.once('connect', () => {
        socket.off('error', done);
        done(null, { connection: socket });
      });
    },
  };
}

function mailOf(notification: NotificationRecord, { from, to }: EmailOptions) {
  const alert = alertText(notification);
  return {
    from,
    to: [...to],
    subject: `[Hazina] ${alert.subject}`,
    text: alert.text,
    html: emailHtml(alert),
    date: notification.createdAt,
    // The same for every try, so that a mail program shows a repeat once.
    messageId: `<${notification.notificationId.replaceAll(/[^A-Za-z0-9._-]/g, '_')}@hazina>`,
    // No out-of-office replies.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Hazina-Event': notification.kind },
  };
}

/** Only the code and the status of the server: replies may quote what was sent, a login included. */
function failure(error: unknown, { host, port }: SmtpServer, timeoutMs: number | undefined): AppError {
  const code = systemCode(error) ?? 'no code';
  // The library files most trouble with sockets under one code, and keeps the system's beside it.
  const detail = originalCode(error) ?? code;
  const status = statusOf(error);
  const where = `The mail server ${host}:${port}`;
  if (timeoutMs !== undefined) {
    return notifyFailed(
      `${where} did not take the message within ${timeoutMs} ms`,
      'retry',
      'Check SMTP_URL and the network',
    );
  }
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    return notifyFailed(
      `${where} refused the login (${status ?? code})`,
      'retry',
      'Check user and password in SMTP_URL',
    );
  }
  if (code === 'ETLS' || /CERT|TLS|UNABLE_TO/.test(detail)) {
    const hint =
      'Check its certificate (own authorities by NODE_EXTRA_CA_CERTS) and that it offers STARTTLS; ?requireTLS=false in SMTP_URL does without';
    return notifyFailed(`${where} offers no safe connection (${detail})`, 'retry', hint);
  }
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    const forGood = status !== undefined && status >= 500;
    const hint = 'Check NOTIFY_EMAIL_FROM and NOTIFY_EMAIL_TO, and what the server lets through';
    return notifyFailed(`${where} refused the message (${status ?? code})`, forGood ? 'no-retry' : 'retry', hint);
  }
  return notifyFailed(`${where} is not reachable or broke off (${detail})`, 'retry', 'Check SMTP_URL and the network');
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('responseCode' in error)) return undefined;
  return typeof error.responseCode === 'number' ? error.responseCode : undefined;
}

function originalCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('originalCode' in error)) return undefined;
  return typeof error.originalCode === 'string' ? error.originalCode : undefined;
}
