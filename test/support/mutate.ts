/** Whole numbers below a limit, the same for a seed. */
export type Below = (limit: number) => number;

export interface MutationInput {
  readonly bytes: Buffer;
  /** The same object of another backup. */
  readonly other: Buffer;
  readonly below: Below;
}

const header = 4096;
const segment = 1024 * 1024;

/** What may happen to stored bytes. Each gives new bytes, which now and then are equal to the old ones. */
export const mutations: Readonly<Record<string, (input: MutationInput) => Buffer>> = {
  flip: ({ bytes, below }) => {
    const changed = Buffer.from(bytes);
    const at = below(bytes.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << below(8));
    return changed;
  },
  /** The headers are small beside the rest and would seldom be met. */
  'flip in the first 4 KiB': ({ bytes, below }) => {
    const changed = Buffer.from(bytes);
    const at = below(Math.min(header, bytes.length));
    changed[at] = (changed[at] ?? 0) ^ (1 << below(8));
    return changed;
  },
  overwrite: ({ bytes, below }) => {
    const { start, end } = range(bytes, below, 64);
    const changed = Buffer.from(bytes);
    for (let at = start; at < end; at += 1) changed[at] = below(256);
    return changed;
  },
  cut: ({ bytes, below }) => bytes.subarray(0, below(bytes.length)),
  'cut out': ({ bytes, below }) => {
    const { start, end } = range(bytes, below, 4096);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  append: ({ bytes, below }) => Buffer.concat([bytes, Buffer.alloc(1 + below(64), below(256))]),
  swap: ({ bytes, below }) => {
    const size = 1 + below(Math.min(64, bytes.length - 1));
    const [a, b] = [below(bytes.length - size + 1), below(bytes.length - size + 1)];
    const changed = Buffer.from(bytes);
    bytes.copy(changed, a, b, b + size);
    bytes.copy(changed, b, a, a + size);
    return changed;
  },
  repeat: ({ bytes, below }) => {
    const { start, end } = range(bytes, below, 4096);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  splice: ({ bytes, other, below }) => {
    const { start, end } = range(bytes, below, 4096);
    const changed = Buffer.from(bytes);
    other.copy(changed, start, start, Math.min(end, other.length));
    return changed;
  },
  'splice the head': ({ bytes, other }) => Buffer.concat([other.subarray(0, header), bytes.subarray(header)]),
  'another’s in its place': ({ other }) => other,
  'swap segments': ({ bytes, below }) =>
    withSegments(bytes, below, (all, a, b) => all.with(a, all[b] ?? none).with(b, all[a] ?? none)),
  'repeat a segment': ({ bytes, below }) => withSegments(bytes, below, (all, a) => all.toSpliced(a, 0, all[a] ?? none)),
  'drop a segment': ({ bytes, below }) => withSegments(bytes, below, (all, a) => all.toSpliced(a, 1)),
  'splice a segment': ({ bytes, other, below }) =>
    withSegments(bytes, below, (all, a) => all.with(a, segmentsOf(other)[a] ?? none)),
};

const none = Buffer.alloc(0);

function range(bytes: Buffer, below: Below, most: number): { start: number; end: number } {
  const start = below(bytes.length);
  return { start, end: Math.min(bytes.length, start + 1 + below(most)) };
}

function segmentsOf(bytes: Buffer): Buffer[] {
  const segments: Buffer[] = [];
  for (let at = header; at < bytes.length; at += segment) segments.push(bytes.subarray(at, at + segment));
  return segments;
}

function withSegments(bytes: Buffer, below: Below, change: (all: Buffer[], a: number, b: number) => Buffer[]): Buffer {
  const all = segmentsOf(bytes);
  if (all.length === 0) return bytes;
  return Buffer.concat([bytes.subarray(0, header), ...change(all, below(all.length), below(all.length))]);
}
