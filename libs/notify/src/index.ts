export { alertText, type AlertText } from './alert-text.js';
export { backOffMs, maxAttempts } from './back-off.js';
export type { Channel } from './channel.js';
export type { EmailOptions } from './channels/email.channel.js';
export type { AlertLog } from './channels/log.channel.js';
export type { WebhookOptions } from './channels/webhook.channel.js';
export { createChannels, type ChannelsOptions } from './create-channels.js';
export { deliver, type DeliverDeps, type DeliveryPort, type DeliveryReport } from './deliver.js';
export {
  describeForecast,
  quotaAdvice,
  quotaForecast,
  type QuotaForecast,
  type StorageHistory,
} from './quota-forecast.js';
export { destinationQuota, primaryQuota, type QuotaNames } from './quota-names.js';
export { quotaHasRoom, quotaReached } from './quota-reached.js';
export { quotaState, type QuotaState } from './quota-state.js';
