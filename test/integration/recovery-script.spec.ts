import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Secret, systemClock, systemRandom } from '#contracts';
import { createSealer, generateRecipient, KeyRing, parseKey, rewrapHeader } from '#crypto';
import { projectRoot } from '../support/run-hazina.js';
import { pythonProgram } from '../support/python.js';

// A reader in another language, written from the specification alone, opens what we seal: recovery/hazina_recover.py, in a folder with nothing of ours beside it.

let python: string;
const folder = mkdtempSync(join(tmpdir(), 'hazina-recovery-'));
const script = join(folder, 'hazina_recover.py');
const backupId = 'clinic-20261123T020000Z-k3f9q2';
const kdfSalt = '5a'.repeat(16);
const ringOf = (...texts: string[]) =>
  new KeyRing({ current: texts.map((text) => parseKey(new Secret(text), 'KEY').key), retired: [] });
const newKey = () => `hex:${randomBytes(32).toString('hex')}`;

beforeAll(() => {
  python = pythonProgram('recovery', ['cryptography', 'zstandard'], 'python3');
  copyFileSync(join(projectRoot, 'recovery/hazina_recover.py'), script);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function seal(payload: Buffer, compression: 'none' | 'gzip' | 'zstd', ...keys: string[]): Promise<Buffer> {
  const content = { kind: 'mongodump-archive', compression } as const;
  const common = { content, backupId, kdfSalt, clock: systemClock, random: systemRandom };
  return (await createSealer({ ...common, ring: ringOf(...keys) })).sealAll(payload);
}

interface Recovered {
  readonly code: number | null;
  readonly stderr: string;
  readonly archive: Buffer | undefined;
  /** Of the archive. */
  readonly mode: number | undefined;
  /** Names of all files there. */
  readonly left: readonly string[];
}

/** Writes the file and recovers it as the script's own help says. */
function recover(
  sealed: Buffer,
  key: string,
  {
    sidecar,
    args = [],
    keyFile,
    stale = false,
  }: { sidecar?: Buffer; args?: string[]; keyFile?: string; stale?: boolean } = {},
): Recovered {
  const place = mkdtempSync(join(folder, 'file-'));
  writeFileSync(join(place, 'data.hzn'), sealed);
  if (sidecar !== undefined) writeFileSync(join(place, 'header.hzn'), sidecar);
  // What an earlier run left behind, for everybody to read.
  if (stale) writeFileSync(join(place, 'archive.part'), 'stale', { mode: 0o644 });
  const run = spawnSync(python, [script, 'data.hzn', '-o', 'archive', ...args], {
    cwd: place,
    env: keyFile === undefined ? { BACKUP_ENCRYPTION_KEY: key } : { BACKUP_ENCRYPTION_KEY_FILE: keyFile },
    encoding: 'utf8',
  });
  const written = existsSync(join(place, 'archive'));
  return {
    ...{ code: run.status, stderr: run.stderr, left: readdirSync(place) },
    archive: written ? readFileSync(join(place, 'archive')) : undefined,
    mode: written ? statSync(join(place, 'archive')).mode & 0o777 : undefined,
  };
}

describe('the recovery script', () => {
  it('has under 200 lines', () => {
    expect(readFileSync(script, 'utf8').split('\n').length).toBeLessThan(200);
  });

  it.each([
    ['container', 180],
    ['recipients', 27],
  ])(
    'gives what every vector of %s demands',
    (which, least) => {
      const vectors = join(projectRoot, 'test/vectors');
      const out = execFileSync(
        python,
        [join(projectRoot, 'test/support/recovery_vectors.py'), folder, vectors, which],
        {
          encoding: 'utf8',
          maxBuffer: 2 ** 26,
        },
      );
      const results = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { vector: string; expected: unknown; got: unknown });
      expect(results.length).toBeGreaterThan(least);
      for (const { vector, expected, got } of results) expect({ vector, got }).toEqual({ vector, got: expected });
    },
    120_000,
  );

  it.each([
    ['none', (bytes: Buffer) => bytes],
    // Several members and frames, as our compressor writes them.
    ['gzip', (bytes: Buffer) => inHalves(bytes, gzipSync)],
    ['zstd', (bytes: Buffer) => inHalves(bytes, zstdCompressSync)],
  ] as const)(
    'recovers every archive of the fixtures, compression %s',
    async (compression, compress) => {
      const archives = join(projectRoot, 'test/fixtures/archives');
      const names = readdirSync(archives, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /\.archive(\.gz)?$/.test(name),
      );
      expect(names.length).toBeGreaterThan(3);
      const key = newKey();
      for (const name of names) {
        // Those of mongodump --gzip, too, as they are: the script gives back what was sealed.
        const archive = readFileSync(join(archives, name));
        const { code, stderr, archive: recovered } = recover(await seal(compress(archive), compression, key), key);
        expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: expect.stringContaining(backupId) });
        expect(recovered?.equals(archive)).toBe(true);
      }
    },
    120_000,
  );

  it.each([
    [0, newKey()],
    [1_000, 'pass:clé-sécurisée-à-garder'],
    [1_048_520, `base64:${randomBytes(32).toString('base64')}`],
    [1_048_521, newKey()],
    [3_000_000, newKey()],
  ])(
    'opens %i bytes; a flipped bit, a cut and another key give no file',
    async (length, key) => {
      const plaintext = randomBytes(length);
      const sealed = await seal(plaintext, 'none', key);
      expect(recover(sealed, key).archive?.equals(plaintext)).toBe(true);

      const damaged = Buffer.from(sealed);
      damaged[damaged.length - 20] = (damaged.at(-20) ?? 0) ^ 1;
      const refused = [recover(damaged, key), recover(sealed.subarray(0, -1), key), recover(sealed, newKey())];
      expect(refused.map(({ code, archive }) => ({ code, archive }))).toEqual(
        refused.map(() => ({ code: 1, archive: undefined })),
      );
      expect(refused.map(({ stderr }) => stderr)).toEqual([
        expect.stringContaining('container/corrupt'),
        expect.stringContaining('container/corrupt'),
        expect.stringContaining('container/no-key'),
      ]);
    },
    60_000,
  );

  it('opens with each of several keys, and with a new one after a rotation by the sidecar that lies beside the file', async () => {
    const [first, second, next] = [newKey(), newKey(), newKey()];
    const plaintext = randomBytes(2_500_000);
    const sealed = await seal(plaintext, 'none', first, second);
    const sidecar = await rewrapHeader(sealed, {
      from: ringOf(second),
      to: ringOf(next),
      kdfSalt,
      random: systemRandom,
    });
    for (const key of [first, second]) expect(recover(sealed, key).archive?.equals(plaintext)).toBe(true);
    expect(recover(sealed, next, { sidecar }).archive?.equals(plaintext)).toBe(true);
    expect(recover(sealed, next).stderr).toContain('container/no-key');
  }, 60_000);

  it('skips blank lines of a key file, and names those that open nothing here', async () => {
    const [key, other] = [newKey(), newKey()];
    const sealed = await seal(Buffer.from('archive'), 'none', key);
    const { publicKey } = generateRecipient(systemRandom);
    const unusable = [publicKey, 'aws-kms:arn:aws:kms:eu-west-1:111122223333:key/0a1b', 'hex:0123'];
    const file = ['', other, '', ...unusable, key, '', ''].join('\r\n');
    const { code, stderr, archive } = recover(sealed, file);
    expect({ code, archive: archive?.toString() }).toEqual({ code: 0, archive: 'archive' });
    expect(stderr.match(/^warning: a line of the key is not used/gm)).toHaveLength(3);
    expect(stderr).not.toContain('0123');
    for (const none of ['\n\n', unusable.join('\n')]) {
      const refused = recover(sealed, none);
      expect({ code: refused.code, archive: refused.archive }).toEqual({ code: 1, archive: undefined });
      expect(refused.stderr).toContain('keys/refused');
    }
  });

  it.each([
    ['two bare keys', () => [newKey().slice(4), newKey().slice(4)].join('\n')],
    ['a line that is no key by itself', () => 'pass:the first of them\nsecond'],
    ['a carriage return inside', () => `pass:the first of them\rand${newKey()}`],
  ])('opens what was sealed with several lines as one passphrase: %s', async (_, text) => {
    const key = text();
    const sealed = await seal(Buffer.from('archive'), 'none', key);
    expect(recover(sealed, key).archive?.toString()).toBe('archive');
    const file = join(folder, 'several-lines.key');
    writeFileSync(file, `${key}\n`);
    expect(recover(sealed, '', { keyFile: file }).archive?.toString()).toBe('archive');
  });

  it('writes for its owner alone, and leaves nothing half done', async () => {
    const key = newKey();
    const sealed = await seal(randomBytes(3_000_000), 'none', key);
    const done = recover(sealed, key, { stale: true });
    expect({ code: done.code, mode: done.mode }).toEqual({ code: 0, mode: 0o600 });
    const damaged = Buffer.from(sealed);
    damaged[damaged.length - 20] = (damaged.at(-20) ?? 0) ^ 1;
    expect(recover(damaged, key).left).toEqual(['data.hzn']);
    expect(recover(damaged, key, { stale: true }).left).toEqual(['data.hzn']);
  });

  it('refuses another backup than the one asked for, and a manifest in the place of the data', async () => {
    const key = newKey();
    const sealed = await seal(Buffer.from('archive'), 'none', key);
    expect(recover(sealed, key, { args: ['--backup-id', backupId] }).code).toBe(0);
    const other = recover(sealed, key, { args: ['--backup-id', 'clinic-20261124T020000Z-k3f9q2'] });
    expect(other).toMatchObject({
      code: 1,
      archive: undefined,
      stderr: expect.stringContaining('not-the-one-asked-for'),
    });
    const content = { kind: 'manifest', compression: 'none' } as const;
    const common = { content, backupId, kdfSalt, clock: systemClock, random: systemRandom };
    const manifest = (await createSealer({ ...common, ring: ringOf(key) })).sealAll(Buffer.from('{}'));
    expect(recover(manifest, key).stderr).toContain('not-the-one-asked-for');
  });

  it('says when the compressed archive ends in the middle', async () => {
    const key = newKey();
    const cut = zstdCompressSync(randomBytes(10_000)).subarray(0, -50);
    expect(recover(await seal(cut, 'zstd', key), key)).toMatchObject({
      code: 1,
      archive: undefined,
      stderr: expect.stringContaining('archive/truncated'),
    });
  });

  it('teaches how it is used', () => {
    const help = execFileSync(python, [script, '--help'], { encoding: 'utf8' });
    for (const part of ['pip install', 'BACKUP_ENCRYPTION_KEY', 'mongorestore --archive', '--header'])
      expect(help).toContain(part);
  });
});

function inHalves(bytes: Buffer, compress: (part: Buffer) => Buffer): Buffer {
  const middle = bytes.length >> 1;
  return Buffer.concat([compress(bytes.subarray(0, middle)), compress(bytes.subarray(middle))]);
}
