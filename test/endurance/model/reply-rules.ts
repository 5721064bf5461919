import type { Violation } from './rules.js';

/** The API promises a reply within 3 s, whatever is down (docs/reliability.md). */
export const replyWithinMs = 3_000;
/** A machine that is further behind tells nothing of the product's time. */
export const tellingLagMs = 500;

export interface Reply {
  /** `POST /api/…` */
  readonly request: string;
  readonly process: string;
  /** Undefined: the connection broke. */
  readonly status: number | undefined;
  readonly mediaType: string;
  readonly tookMs: number;
  /** How far behind this machine was meanwhile: so much later a timer may have fired here, and there. */
  readonly lagMs: number;
  /** The process was killed, frozen or ended meanwhile. */
  readonly disturbed: boolean;
}

export function judgeReply(reply: Reply): Violation[] {
  const { request, process, status, mediaType, tookMs, lagMs, disturbed } = reply;
  const violation = (text: string): Violation[] => [{ rule: 'reply', text: `${process}: ${request}: ${text}` }];
  if (status === undefined) return disturbed ? [] : violation('the connection broke while the process ran');
  if (status >= 500 && status !== 503) return violation(`status ${status}`);
  if (status >= 400 && !mediaType.startsWith('application/problem+json'))
    return violation(`status ${status} is no problem document but ${mediaType === '' ? 'nothing' : mediaType}`);
  if (!disturbed && lagMs < tellingLagMs && tookMs > replyWithinMs + 2 * lagMs)
    return violation(
      `status ${status} after ${Math.round(tookMs)} ms (this machine was ${Math.round(lagMs)} ms behind)`,
    );
  return [];
}
