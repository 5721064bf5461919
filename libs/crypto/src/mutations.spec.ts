import { describe, expect, it } from '@jest/globals';
import { AppError, systemClock, systemRandom } from '#contracts';
import { KeyRing } from './keys/key-ring.js';
import { generateKey, parseKey } from './keys/parse-key.js';
import { openAll } from './opener.js';
import { createSealer } from './sealer.js';

// Whatever is done to a sealed file, its reader notices: 10,000 seeded changes, none unnoticed.

const seed = 20_261_124;
const changes = 10_000;
const backupId = 'clinic-20261123T020000Z-k3f9q2';
const ring = new KeyRing({ current: [parseKey(generateKey(systemRandom), 'KEY').key], retired: [] });

function randomNumbers(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

async function sealed(bytes: number): Promise<Buffer> {
  const options = {
    content: { kind: 'mongodump-archive', compression: 'none' },
    backupId,
    ring,
    kdfSalt: '00'.repeat(16),
    clock: systemClock,
    random: systemRandom,
  } as const;
  return (await createSealer(options)).sealAll(Buffer.alloc(bytes, 0x61));
}

type Change = (file: Buffer, below: (limit: number) => number) => Buffer;
const kinds: Record<string, Change> = {
  flip: (file, below) => {
    const out = Buffer.from(file);
    const at = below(out.length);
    out[at] = (out[at] ?? 0) ^ (1 << below(8));
    return out;
  },
  cut: (file, below) => file.subarray(0, below(file.length)),
  swap: (file, below) => {
    const size = 1 + below(64);
    const [a, b] = [below(file.length - size), below(file.length - size)];
    const out = Buffer.from(file);
    file.copy(out, a, b, b + size);
    file.copy(out, b, a, a + size);
    return out;
  },
  repeat: (file, below) => {
    const at = below(file.length);
    const end = Math.min(file.length, at + 1 + below(2000));
    return Buffer.concat([file.subarray(0, end), file.subarray(at, end), file.subarray(end)]);
  },
};

describe('10,000 changes', () => {
  it(`none goes unnoticed (seed ${seed})`, async () => {
    const below = randomNumbers(seed);
    const files = await Promise.all([0, 100, 3000, 60_000].map(sealed));
    const large = await sealed(2_200_000);
    const names = Object.keys(kinds);
    const unnoticed: string[] = [];
    const codes = new Set<string>();
    for (let number = 0; number < changes; number += 1) {
      const file = number % 500 === 0 ? large : (files[below(files.length)] ?? large);
      const name = names[number % names.length] ?? 'flip';
      const changed = kinds[name]?.(file, below) ?? file;
      if (changed.equals(file)) continue;
      try {
        const { plaintext } = await openAll(changed, { ring, expect: { kind: 'mongodump-archive', backupId } });
        unnoticed.push(`${name} number ${number}: ${plaintext.length} bytes given`);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        codes.add((error as AppError).code);
      }
    }
    expect(unnoticed).toEqual([]);
    expect([...codes].every((code) => code.startsWith('container/'))).toBe(true);
    expect(codes.size).toBeGreaterThan(4);
  }, 120_000);
});
