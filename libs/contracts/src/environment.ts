import { randomBytes } from 'node:crypto';

/** Time comes in from outside, so that tests move it. */
export interface Clock {
  /** Wall clock. */
  now(): Date;
  /** Milliseconds that only ever rise, from any start. */
  monotonicMs(): number;
}

/** Randomness comes in from outside, so that tests repeat it. */
export interface Random {
  /** `length` cryptographically strong random bytes. */
  bytes(length: number): Buffer;
}

/** From 0 up to, and never, 1. */
export function chance(random: Random): number {
  return random.bytes(4).readUInt32BE() / 2 ** 32;
}

export const systemClock: Clock = { now: () => new Date(), monotonicMs: () => performance.now() };

export const systemRandom: Random = { bytes: (length) => randomBytes(length) };

const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** Whether a text has the one form of times in the bucket: `YYYY-MM-DDTHH:MM:SS.sssZ` (spec/objects.md); digits only, not a real date. */
export function isTimestamp(text: string): boolean {
  return iso.test(text);
}
