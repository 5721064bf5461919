import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { Secret, systemClock, systemRandom } from '#contracts';
import { createSealer, KeyRing, parseKey, rewrapHeader } from '#crypto';
import { projectRoot } from '../support/run-hazina.js';

// A reader in another language, written from the specification alone, opens what we seal.

const cache =
  process.env['HAZINA_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hazina');
const environment = join(cache, 'python');
const python = join(environment, 'bin', 'python3');
const reader = join(projectRoot, 'test/support/independent_reader.py');

beforeAll(() => {
  // `cryptography` comes from PyPI, once, into an environment of its own.
  if (existsSync(join(environment, 'ready'))) return;
  mkdirSync(cache, { recursive: true });
  execFileSync('python3', ['-m', 'venv', environment]);
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'cryptography']);
  writeFileSync(join(environment, 'ready'), '');
}, 300_000);

describe('the independent reader', () => {
  it.each([
    [0, 'hex:'],
    [1_000, 'pass:'],
    [1_048_520, 'base64:'],
    [1_048_521, 'hex:'],
    [3_000_000, 'hex:'],
  ])(
    'opens %i bytes, sealed with a key of form %s',
    async (length, form) => {
      const texts: Record<string, string> = {
        'hex:': `hex:${randomBytes(32).toString('hex')}`,
        'base64:': `base64:${randomBytes(32).toString('base64')}`,
        'pass:': 'pass:clé-sécurisée-à-garder',
      };
      const text = texts[form] ?? '';
      const ring = new KeyRing({ current: [parseKey(new Secret(text), 'KEY').key], retired: [] });
      const sealer = await createSealer({
        content: { kind: 'mongodump-archive', compression: 'none' },
        backupId: 'clinic-20261123T020000Z-k3f9q2',
        ring,
        kdfSalt: '5a'.repeat(16),
        clock: systemClock,
        random: systemRandom,
      });
      const plaintext = randomBytes(length);
      const folder = mkdtempSync(join(tmpdir(), 'hazina-reader-'));
      try {
        const file = join(folder, 'data.hzn');
        writeFileSync(file, sealer.sealAll(plaintext));
        const opened = execFileSync(python, [reader, file], {
          env: { BACKUP_ENCRYPTION_KEY: text },
          maxBuffer: 2 ** 26,
        });
        const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
        expect(sha256(opened)).toBe(sha256(plaintext));
        const damaged = readFileSync(file);
        damaged[damaged.length - 20] = (damaged.at(-20) ?? 0) ^ 1;
        writeFileSync(file, damaged);
        expect(() =>
          execFileSync(python, [reader, file], {
            env: { BACKUP_ENCRYPTION_KEY: text },
            stdio: 'pipe',
            maxBuffer: 2 ** 26,
          }),
        ).toThrow();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );

  it('opens what passed through a stream, with each of its keys, and with a new key after a rotation', async () => {
    const keys = [1, 2, 3].map(() => `hex:${randomBytes(32).toString('hex')}`);
    const ringOf = (...texts: string[]) =>
      new KeyRing({ current: texts.map((text) => parseKey(new Secret(text), 'KEY').key), retired: [] });
    const [first = '', second = '', next = ''] = keys;
    const sealer = await createSealer({
      content: { kind: 'mongodump-archive', compression: 'zstd' },
      backupId: 'clinic-20261123T020000Z-k3f9q2',
      ring: ringOf(first, second),
      kdfSalt: '5a'.repeat(16),
      clock: systemClock,
      random: systemRandom,
    });
    const plaintext = randomBytes(2_500_000);
    const sealed = await buffer(Readable.from([plaintext], { objectMode: false }).pipe(sealer.stream));
    const options = { from: ringOf(second), to: ringOf(next), kdfSalt: '5a'.repeat(16), random: systemRandom };
    // A sidecar replaces the first 4096 bytes.
    const rotated = Buffer.concat([await rewrapHeader(sealed, options), sealed.subarray(4096)]);
    const folder = mkdtempSync(join(tmpdir(), 'hazina-reader-'));
    try {
      const file = join(folder, 'data.hzn');
      for (const [bytes, key] of [
        [sealed, first],
        [sealed, second],
        [rotated, next],
      ] as const) {
        writeFileSync(file, bytes);
        const opened = execFileSync(python, [reader, file], {
          env: { BACKUP_ENCRYPTION_KEY: key },
          maxBuffer: 2 ** 26,
        });
        expect(opened.equals(plaintext)).toBe(true);
      }
      expect(() =>
        execFileSync(python, [reader, file], { env: { BACKUP_ENCRYPTION_KEY: first }, stdio: 'pipe' }),
      ).toThrow();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
