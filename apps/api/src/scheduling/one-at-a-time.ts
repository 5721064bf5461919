/**
 * Runs an action one at a time: a call during a run leads to exactly one more run, however many calls there were. A timer that is faster than its work
 * thus never piles up, and no call is lost.
 */
export function oneAtATime(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await action();
    } while (wanted());
  };
  const wanted = (): boolean => again;
  return () => {
    if (running !== undefined) {
      again = true;
      return running;
    }
    running = run().finally(() => {
      running = undefined;
    });
    return running;
  };
}
