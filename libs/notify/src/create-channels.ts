import type { Clock } from '#contracts';
import type { Channel } from './channel.js';
import { createEmailChannel, type EmailOptions } from './channels/email.channel.js';
import { createLogChannel, type AlertLog } from './channels/log.channel.js';
import { createWebhookChannel, type WebhookOptions } from './channels/webhook.channel.js';

export interface ChannelsOptions {
  readonly email?: EmailOptions | undefined;
  readonly webhook?: Omit<WebhookOptions, 'clock'> | undefined;
  readonly log: AlertLog;
  readonly clock: Clock;
}

/** The channels that are configured; the log alone when none is. Throws `config/invalid` on a URL that cannot be used. */
export function createChannels(options: ChannelsOptions): readonly Channel[] {
  const channels = [
    ...(options.email === undefined ? [] : [createEmailChannel(options.email)]),
    ...(options.webhook === undefined ? [] : [createWebhookChannel({ ...options.webhook, clock: options.clock })]),
  ];
  return channels.length > 0 ? channels : [createLogChannel(options.log)];
}
