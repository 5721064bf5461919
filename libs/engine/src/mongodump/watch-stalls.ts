export interface StallWatch {
  /** Something that changes with every progress. */
  readonly look: () => unknown;
  /** How long it may stay the same; asked at every look. */
  readonly limitMs: () => number;
  /** Told how long nothing has changed. */
  readonly onStall: (quietMs: number) => void;
}

/** Looks whether a tool gets on. Returns the way to end the watch, which also ends with the first stall. */
export function watchStalls({ look, limitMs, onStall }: StallWatch): () => void {
  let seen = look();
  let since = performance.now();
  const timer = setInterval(
    () => {
      const now = look();
      if (now !== seen) {
        seen = now;
        since = performance.now();
        return;
      }
      const quietMs = performance.now() - since;
      if (quietMs < limitMs()) return;
      clearInterval(timer);
      onStall(quietMs);
    },
    Math.min(1000, limitMs() / 4),
  );
  return () => clearInterval(timer);
}
