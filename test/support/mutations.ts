import { createHash } from 'node:crypto';

// Seeded changes to files, for tests that show that none goes unnoticed.

export type Below = (limit: number) => number;

/** Whole numbers from 0 to below a limit, the same ones for the same seed. */
export function seededNumbers(seed: number): Below {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

/** Bytes that look random, the same ones for the same seed: never for keys of anything but tests. */
export function seededBytes(seed: number): { bytes(length: number): Buffer } {
  let calls = 0;
  return {
    bytes: (length) =>
      createHash('shake256', { outputLength: length })
        .update(`${seed}/${(calls += 1)}`)
        .digest(),
  };
}

export interface Subject {
  readonly bytes: Buffer;
  /** Another file of the same form and length, to splice from. */
  readonly other: Buffer;
  /** Bytes `[start, end)` that a change begins in. */
  readonly region: readonly [number, number];
  /** Offsets where parts of the file meet: half of the changes begin close to one. */
  readonly edges: readonly number[];
}

type Mutation = (subject: Subject, below: Below) => Buffer;

export const mutations: Readonly<Record<string, Mutation>> = {
  flip: (subject, below) => {
    const out = Buffer.from(subject.bytes);
    for (let bits = 1 + below(3); bits > 0; bits -= 1) {
      const at = place(subject, below);
      out[at] = (out[at] ?? 0) ^ (1 << below(8));
    }
    return out;
  },
  cut: (subject, below) => subject.bytes.subarray(0, place(subject, below)),
  swap: (subject, below) => {
    const size = 1 + below(64);
    const last = subject.bytes.length - size;
    const [a, b] = [Math.min(place(subject, below), last), Math.min(place(subject, below), last)];
    const out = Buffer.from(subject.bytes);
    subject.bytes.copy(out, a, b, b + size);
    subject.bytes.copy(out, b, a, a + size);
    return out;
  },
  repeat: (subject, below) => {
    const [start, end] = range(subject, below);
    return Buffer.concat([subject.bytes.subarray(0, end), subject.bytes.subarray(start)]);
  },
  insert: (subject, below) => {
    const at = place(subject, below);
    const inserted = Buffer.from(Uint8Array.from({ length: 1 + below(300) }, () => below(256)));
    return Buffer.concat([subject.bytes.subarray(0, at), inserted, subject.bytes.subarray(at)]);
  },
  delete: (subject, below) => {
    const [start, end] = range(subject, below);
    return Buffer.concat([subject.bytes.subarray(0, start), subject.bytes.subarray(end)]);
  },
  splice: (subject, below) => {
    const [start, end] = below(2) === 0 ? [place(subject, below), subject.bytes.length] : range(subject, below);
    const out = Buffer.from(subject.bytes);
    subject.other.copy(out, start, start, end);
    return out;
  },
};

/** A change that is one: some (two equal ranges swapped) leave the file as it was, and another place is taken. */
export function mutate(kind: string, subject: Subject, below: Below): Buffer {
  const mutation = mutations[kind];
  if (mutation === undefined) throw new Error(`no such mutation: ${kind}`);
  for (let tries = 0; tries < 1000; tries += 1) {
    const changed = mutation(subject, below);
    if (!changed.equals(subject.bytes)) return changed;
  }
  throw new Error(`${kind} changes nothing`);
}

/** Where two files begin to differ. */
export function firstDifference(one: Buffer, two: Buffer): number {
  const length = Math.min(one.length, two.length);
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (one.subarray(low, middle).equals(two.subarray(low, middle))) low = middle;
    else high = middle - 1;
  }
  return low;
}

function place({ region: [start, end], edges }: Subject, below: Below): number {
  const edge = edges[below(edges.length * 2)];
  const at = edge === undefined ? start + below(end - start) : edge - 20 + below(40);
  return Math.max(start, Math.min(end - 1, at));
}

function range(subject: Subject, below: Below): [number, number] {
  const start = place(subject, below);
  return [start, Math.min(subject.bytes.length, start + 1 + below(2000))];
}
