import { AppError, type RetryClass } from '#contracts';
import { harmlessLine } from './harmless-text.js';

/** A channel's failure. There is no cause on purpose: errors of mail and HTTP libraries hold URLs, commands and replies. */
export function notifyFailed(message: string, retry: RetryClass, hint: string): AppError {
  return new AppError({ code: 'notify/failed', stage: 'notify', message: harmlessLine(message, 300), hint, retry });
}
