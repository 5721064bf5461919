import type { Secret } from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';

export interface NotifyConfig {
  readonly email: { readonly smtpUrl: Secret; readonly from: string; readonly to: readonly string[] } | undefined;
  readonly webhook: { readonly url: Secret; readonly secret: Secret } | undefined;
}

export function readNotify(reader: EnvironmentReader): NotifyConfig {
  return { email: readEmail(reader), webhook: readWebhook(reader) };
}

function readEmail(reader: EnvironmentReader): NotifyConfig['email'] {
  const smtpUrl = reader.secret('SMTP_URL');
  const from = reader.text('NOTIFY_EMAIL_FROM');
  const to = splitList(reader.text('NOTIFY_EMAIL_TO'));
  if (smtpUrl === undefined && from === undefined && to.length === 0) return undefined;
  if (smtpUrl === undefined || from === undefined || to.length === 0) {
    reader.problem('SMTP_URL, NOTIFY_EMAIL_FROM and NOTIFY_EMAIL_TO go together: alerts by mail need all three');
    return undefined;
  }
  const protocol = URL.parse(smtpUrl.reveal())?.protocol;
  if (protocol !== 'smtp:' && protocol !== 'smtps:') reader.problem('SMTP_URL must begin with smtp:// or smtps://');
  return { smtpUrl, from, to };
}

function readWebhook(reader: EnvironmentReader): NotifyConfig['webhook'] {
  const url = reader.secret('NOTIFY_WEBHOOK_URL');
  const secret = reader.secret('NOTIFY_WEBHOOK_SECRET');
  if (url === undefined && secret === undefined) return undefined;
  if (url === undefined || secret === undefined) {
    reader.problem('NOTIFY_WEBHOOK_URL and NOTIFY_WEBHOOK_SECRET go together: the receiver checks the signature');
    return undefined;
  }
  const protocol = URL.parse(url.reveal())?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:')
    reader.problem('NOTIFY_WEBHOOK_URL must begin with https:// or http://');
  if (Buffer.byteLength(secret.reveal()) < 16) reader.problem('NOTIFY_WEBHOOK_SECRET must have at least 16 bytes');
  return { url, secret };
}

export function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
