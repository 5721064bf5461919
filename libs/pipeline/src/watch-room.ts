import { AppError } from '#contracts';
import type { ObjectStore } from '#storage';

/** Between two looks at the free space of a store while a run writes. */
export const defaultRoomLookMs = 5000;

export interface RoomWatch {
  /** The run's signal; also aborted, with `store/reserve-reached`, when the room gets short. */
  readonly signal: AbortSignal;
  stop(): void;
}

/** Refuses a run that the store has no room for: what it is expected to take (at most, before compression) and the reserve must fit. */
export async function requireRoom(
  store: ObjectStore,
  { estimatedBytes, reserveBytes }: { readonly estimatedBytes: number | null; readonly reserveBytes: number },
  signal: AbortSignal,
): Promise<void> {
  const free = await store.freeBytes(signal);
  const needed = (estimatedBytes ?? 0) + reserveBytes;
  if (free === null || free >= needed) return;
  throw reserveReached(
    store,
    `${free} bytes are free, and up to ${estimatedBytes ?? 0} would be written above the reserve of ${reserveBytes}`,
  );
}

/** Ends a run before it takes the last room: a full disk hurts more than a missing backup. A store that does not know its room is not watched. */
export function watchRoom(
  store: ObjectStore,
  { reserveBytes, everyMs }: { readonly reserveBytes: number; readonly everyMs: number },
  signal: AbortSignal,
): RoomWatch {
  const short = new AbortController();
  let looking = false;
  const look = async (): Promise<void> => {
    // A look that fails is repeated by the next one: the run itself notices a dead store.
    const free = await store.freeBytes(signal).catch(() => null);
    if (free !== null && free < reserveBytes)
      short.abort(reserveReached(store, `${free} bytes are free, less than the reserve of ${reserveBytes}`));
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, everyMs);
  timer.unref();
  return { signal: AbortSignal.any([signal, short.signal]), stop: () => clearInterval(timer) };
}

function reserveReached(store: ObjectStore, facts: string): AppError {
  return new AppError({
    code: 'store/reserve-reached',
    stage: 'store',
    retry: 'retry',
    message: `${store.location} has too little room: ${facts}`,
    hint: 'Make room, let retention remove more, or lower the reserve',
  });
}
