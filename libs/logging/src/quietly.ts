import type { Clock } from '#contracts';

const repeatAfterMs = 30_000;

/** Lets troubles of a kind that come again and again through at once, then twice a minute. */
export function quietly(clock: Clock): (kind: string, tell: () => void) => void {
  const last = new Map<string, number>();
  return (kind, tell) => {
    const now = clock.monotonicMs();
    const before = last.get(kind);
    if (before !== undefined && now - before < repeatAfterMs) return;
    last.set(kind, now);
    tell();
  };
}
