import {
  AppError,
  DestinationRefused,
  hostOf,
  isForbiddenHost,
  safeAddresses,
  systemCode,
  type HostAddress,
  type ResolveHost,
  type Secret,
} from '#contracts';
import { notifyFailed } from '../notify-error.js';

const hint = 'NOTIFY_WEBHOOK_URL is http:// or https://, and leads neither to link-local nor to metadata addresses';

/** The webhook's URL; errors hold no part of it, since many services put a token there. */
export function parseWebhookUrl(webhookUrl: Secret): URL {
  let url: URL;
  try {
    url = new URL(webhookUrl.reveal());
  } catch {
    throw refused('is not a URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused('does not begin with http:// or https://');
  if (isForbiddenHost(hostOf(url))) throw refused('leads to a forbidden address');
  return url;
}

/** The addresses that a message to this URL may go to. This machine itself only where the URL says so: what a name server answers is not meant. */
export async function webhookAddresses(url: URL, resolve: ResolveHost): Promise<readonly HostAddress[]> {
  try {
    return await safeAddresses(hostOf(url), { loopback: 'if-written' }, resolve);
  } catch (error) {
    const why =
      error instanceof DestinationRefused
        ? texts[error.why]
        : `The webhook's host was not found (${systemCode(error) ?? 'no code'})`;
    throw notifyFailed(why, 'retry', hint);
  }
}

const texts = {
  forbidden: "The webhook's host resolves to a forbidden address",
  'this-machine': "The webhook's host resolves to this machine itself",
  'no-address': "The webhook's host has no address",
} as const;

function refused(why: string): AppError {
  return new AppError({ code: 'config/invalid', stage: 'config', message: `NOTIFY_WEBHOOK_URL ${why}`, hint });
}
