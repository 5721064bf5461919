import type { Clock } from '#contracts';

/** Until when a request must be answered (3 s, spec/api.md), a little earlier than promised. */
export interface Deadline {
  remainingMs(): number;
  /** True: the client has its answer already; what is half done must be taken back. */
  passed(): boolean;
}

export const replyWithinMs = 2_800;

export function startDeadline(clock: Clock, milliseconds = replyWithinMs): Deadline {
  const end = clock.monotonicMs() + milliseconds;
  const remainingMs = (): number => Math.max(0, end - clock.monotonicMs());
  return { remainingMs, passed: () => remainingMs() === 0 };
}
