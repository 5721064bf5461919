import { beforeAll, describe, expect, it } from '@jest/globals';
import { AppError, type Clock } from '#contracts';
import {
  firstDifference,
  mutate,
  mutations,
  seededBytes,
  seededNumbers,
  type Subject,
} from '../../../test/support/mutations.js';
import { headerBytes, segmentBytes } from './constants.js';
import { KeyRing } from './keys/key-ring.js';
import { generateKey, parseKey } from './keys/parse-key.js';
import { createOpenStream } from './opener.js';
import type { OpenOptions } from './header/open-header.js';
import { rewrapHeader } from './rewrap-header.js';
import { createSealer } from './sealer.js';

// Whatever is done to a sealed file or its sidecar, the reader notices: over 10,000 seeded changes, the same number of each kind to each part.

const seed = 20_261_124;
const changesOfEach = 240;
const backupId = 'clinic-20261123T020000Z-k3f9q2';
const kdfSalt = '00'.repeat(16);
// Also the files are the same ones in every run.
const random = seededBytes(seed);
const clock: Clock = { now: () => new Date('2026-11-24T02:00:00.000Z'), monotonicMs: () => 0 };
const newRing = () => new KeyRing({ current: [parseKey(generateKey(random), 'KEY').key], retired: [] });
const [ring, next] = [newRing(), newRing()];
const both = new KeyRing({ current: next.current, retired: ring.current });
const expected = { kind: 'mongodump-archive', backupId } as const;

interface Sealed {
  readonly plaintext: Buffer;
  readonly bytes: Buffer;
  readonly sidecar: Buffer;
}

async function seal(bytes: number, id: string): Promise<Sealed> {
  const plaintext = random.bytes(bytes);
  const sealer = await createSealer({
    content: { kind: 'mongodump-archive', compression: 'none' },
    backupId: id,
    ring,
    kdfSalt,
    clock,
    random,
  });
  const sealed = sealer.sealAll(plaintext);
  const sidecar = await rewrapHeader(sealed, { from: ring, to: next, kdfSalt, random });
  return { plaintext, bytes: sealed, sidecar };
}

/** What the reader made of a file: never a byte that is not the plaintext's own. */
async function read(bytes: Buffer, { plaintext }: Sealed, options: Partial<OpenOptions>): Promise<string> {
  const stream = createOpenStream({ ring, expect: expected, ...options });
  let given = 0;
  stream.end(bytes);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (!chunk.equals(plaintext.subarray(given, given + chunk.length))) return 'other plaintext given';
      given += chunk.length;
    }
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
  const { warnings } = await stream.opened;
  if (given !== plaintext.length) return 'less plaintext given';
  return warnings.length > 0 ? `opened, with a warning of ${warnings.map(({ code }) => code).join()}` : 'opened';
}

type Part = 'header' | 'single' | 'multi' | 'sidecar' | 'sidecar-or-embedded' | 'embedded-beside-sidecar';
interface Case extends Subject {
  readonly open: (changed: Buffer) => Promise<string>;
  /** What the reader may say. */
  readonly noticed: RegExp;
}
const failed = /^container\//;
let cases: Record<Part, readonly Case[]>;

beforeAll(async () => {
  const pair = async (bytes: number) =>
    [await seal(bytes, backupId), await seal(bytes, 'clinic-20261124T020000Z-a1b2c3')] as const;
  const small: (readonly [Sealed, Sealed])[] = [];
  for (const bytes of [0, 1, 100, 3000, 60_000]) small.push(await pair(bytes));
  const large = await pair(2_900_000);
  const inHeader = [0, 12, 100, 200, 300, 400, 4064];
  const inPayload = [0, 40, segmentBytes, 2 * segmentBytes].map((at) => headerBytes + at);
  const within = (edge: number, [start, end]: readonly [number, number]): boolean => edge >= start && edge <= end;
  const ofFile =
    (
      part: (end: number) => readonly [number, number],
      options: (one: Sealed) => Partial<OpenOptions>,
      noticed: RegExp,
    ) =>
    ([one, other]: readonly [Sealed, Sealed]): Case => ({
      bytes: one.bytes,
      other: other.bytes,
      region: part(one.bytes.length),
      edges: [...inHeader, ...inPayload, one.bytes.length].filter((edge) => within(edge, part(one.bytes.length))),
      open: (changed) => read(changed, one, options(one)),
      noticed,
    });
  const ofSidecar =
    (opening: KeyRing, noticed: RegExp) =>
    ([one, other]: readonly [Sealed, Sealed]): Case => ({
      bytes: one.sidecar,
      other: other.sidecar,
      region: [0, headerBytes],
      edges: inHeader,
      open: (changed) => read(one.bytes, one, { ring: opening, sidecar: changed }),
      noticed,
    });
  const header = (): [number, number] => [0, headerBytes];
  const payload = (end: number): [number, number] => [headerBytes, end];
  cases = {
    header: [...small, large].map(ofFile(header, () => ({}), failed)),
    single: small.map(ofFile(payload, () => ({}), failed)),
    multi: [ofFile(payload, () => ({}), failed)(large)],
    sidecar: small.map(ofSidecar(next, failed)),
    // The embedded header opens: it is used, and the operator hears of it.
    'sidecar-or-embedded': small.map(ofSidecar(both, /^opened, with a warning of container\//)),
    // Slots, padding and MAC of the embedded header are not looked at: then the file opens, and to the right bytes.
    'embedded-beside-sidecar': small.map(
      ofFile(header, ({ sidecar }) => ({ ring: next, sidecar }), /^container\/|^opened/),
    ),
  };
});

const parts: readonly Part[] = [
  'header',
  'single',
  'multi',
  'sidecar',
  'sidecar-or-embedded',
  'embedded-beside-sidecar',
];
const kinds = ['flip', 'cut', 'swap', 'repeat', 'insert', 'delete', 'splice'];

it('there are over 10,000 changes, of every kind', () => {
  expect(parts.length * kinds.length * changesOfEach).toBeGreaterThan(10_000);
  expect(Object.keys(mutations)).toEqual(kinds);
  expect(Object.keys(cases)).toEqual(parts);
});

/** What must have come out at least once, and the segments (-1: the header) of which each must have been changed often: the test cannot wither unseen. */
const mustSee: Record<Part, readonly string[]> = {
  header: ['container/bad-header'],
  single: ['container/corrupt'],
  multi: ['container/corrupt'],
  sidecar: ['container/bad-header'],
  'sidecar-or-embedded': ['opened, with a warning of container/bad-header'],
  'embedded-beside-sidecar': [],
};
const mustSeeOfKind: Readonly<Record<string, readonly string[]>> = {
  'header cut': ['container/not-a-container'],
  'header flip': ['container/not-a-container', 'container/bad-header', 'container/wrong-key'],
  'single cut': ['container/truncated', 'container/corrupt'],
  'multi cut': ['container/truncated', 'container/corrupt'],
  'sidecar splice': ['container/bad-header', 'container/foreign-header'],
  'sidecar-or-embedded splice': ['opened, with a warning of container/foreign-header'],
  'embedded-beside-sidecar flip': ['opened', 'opened, with a warning of container/bad-header', 'container/bad-header'],
  'embedded-beside-sidecar splice': ['opened', 'container/foreign-header'],
};
const mustChange = (part: Part): readonly number[] => ({ single: [0], multi: [0, 1, 2] })[part as string] ?? [-1];

describe.each(parts)('changes to %s', (part) => {
  it.each(kinds)(
    `%s: none goes unnoticed (seed ${seed})`,
    async (kind) => {
      const below = seededNumbers(seed + parts.indexOf(part) * 100 + kinds.indexOf(kind));
      const unnoticed: string[] = [];
      const outcomes = new Set<string>();
      const changedSegments = new Map<number, number>();
      for (let number = 0; number < changesOfEach; number += 1) {
        const subject = cases[part][number % cases[part].length];
        if (subject === undefined) throw new Error('no subject');
        const changed = mutate(kind, subject, below);
        const at = firstDifference(changed, subject.bytes);
        const segment = at < headerBytes ? -1 : Math.floor((at - headerBytes) / segmentBytes);
        changedSegments.set(segment, (changedSegments.get(segment) ?? 0) + 1);
        const outcome = await subject.open(changed);
        outcomes.add(outcome);
        if (!subject.noticed.test(outcome)) unnoticed.push(`number ${number}, from byte ${at}: ${outcome}`);
      }
      expect(unnoticed).toEqual([]);
      expect([...outcomes]).toEqual(expect.arrayContaining([...(mustSeeOfKind[`${part} ${kind}`] ?? mustSee[part])]));
      const often = [...changedSegments].filter(([, times]) => times > changesOfEach / 20).map(([segment]) => segment);
      expect(often).toEqual(expect.arrayContaining([...mustChange(part)]));
    },
    60_000,
  );
});
