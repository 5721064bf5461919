// The `id:` of an event tells where to go on after it (`Last-Event-ID`): at its number among what this process sent, or, in another process or later,
// at a time of the catalogue. Clients give it back as it is.

/** A place in what a process told its listeners. */
export interface EventPlace {
  /** Milliseconds by the catalogue's server: what was written before was sent. */
  readonly time: number;
  /** Number of the event in the feed. */
  readonly number: number;
  /** Which feed counts so: one start of one process. */
  readonly feed: string;
}

/** No feed: only the time counts. */
export const noFeed = '0'.repeat(12);
/** Where those begin who have seen nothing. */
export const beginning: EventPlace = { time: 0, number: 0, feed: noFeed };

const pattern = /^([0-9a-z]{1,10})-([0-9a-z]{1,10})-([0-9a-f]{12})(?:-([0-9a-f]{32}))?$/;

/** `resumeCode` belongs to the ticket that let the listener in: who has it has seen the stream. */
export function formatEventId({ time, number, feed }: EventPlace, resumeCode: string | null): string {
  const id = `${time.toString(36)}-${number.toString(36)}-${feed}`;
  return resumeCode === null ? id : `${id}-${resumeCode}`;
}

/** Null: no id of ours. */
export function parseEventId(text: string): { readonly place: EventPlace; readonly resumeCode: string | null } | null {
  const [, time, number, feed, resumeCode = null] = pattern.exec(text) ?? [];
  if (time === undefined || number === undefined || feed === undefined) return null;
  const place = { time: Number.parseInt(time, 36), number: Number.parseInt(number, 36), feed };
  // Such a time is no date; nobody was given it.
  return place.time > 8.64e15 ? null : { place, resumeCode };
}
