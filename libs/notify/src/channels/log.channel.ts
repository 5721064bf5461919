import type { AlertText } from '../alert-text.js';
import { alertText } from '../alert-text.js';
import type { Channel } from '../channel.js';

/** Writes an alert to the log of the process. */
export type AlertLog = (alert: AlertText & { readonly notificationId: string }) => void;

/** The channel when none is configured: alerts are at least in the log. */
export function createLogChannel(log: AlertLog): Channel {
  return {
    name: 'log',
    send: (notification) => {
      log({ ...alertText(notification), notificationId: notification.notificationId });
      return Promise.resolve();
    },
  };
}
