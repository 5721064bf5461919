import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, systemRandom } from '#contracts';
import { KeyRing, parseKey, rewrapHeader } from '#crypto';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// Header sidecars of a key rotation, good and damaged, seen from the command line.

const world = new CliWorld();
const nextKey = `hex:${systemRandom.bytes(32).toString('hex')}`;
const ringOf = (text: string) => new KeyRing({ current: [parseKey(new Secret(text), 'KEY').key], retired: [] });
const pristine = join(world.folder, 'store');
const store = join(world.folder, 'rotated');
let backupId: string;
const file = (name: string): string => join(store, 'clinic', backupId, '1', name);
const withNewKey = (): Environment => ({
  ...world.environment,
  BACKUP_DIRECTORY: store,
  BACKUP_ENCRYPTION_KEY: nextKey,
});
const withBothKeys = (): Environment => ({ ...withNewKey(), BACKUP_ENCRYPTION_KEYS_RETIRED: world.key });
const withoutKey = (): Environment => {
  const { BACKUP_ENCRYPTION_KEY: _, ...rest } = withNewKey();
  return rest;
};

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 200);
  ({ backupId } = await world.backup(world.environment));
}, 60_000);
beforeEach(async () => {
  rmSync(store, { recursive: true, force: true });
  cpSync(pristine, store, { recursive: true });
  for (const [object, sidecar] of [
    ['data.hzn', 'header.hzn'],
    ['manifest.hzn', 'manifest.header.hzn'],
  ] as const) {
    const options = { from: ringOf(world.key), to: ringOf(nextKey), kdfSalt: '00'.repeat(16), random: systemRandom };
    writeFileSync(file(sidecar), await rewrapHeader(readFileSync(file(object)), options));
  }
});
afterAll(() => world.close());

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[12] = 0;
  writeFileSync(path, bytes);
}

const warning = /^Warning: .*The header sidecar was not used: .*$/m;

describe('a rotated backup', () => {
  it('opens with the new key alone, without a word', async () => {
    for (const args of [
      ['verify', backupId],
      ['inspect', backupId],
      ['verify', backupId, '--level', 'stored'],
    ])
      expect(await hazina(args, withNewKey())).toMatchObject({
        code: 0,
        stderr: expect.not.stringMatching(/Warning/) as unknown,
      });
    const output = join(world.folder, 'by-sidecar.archive');
    const opened = await hazina(['open', file('data.hzn'), '--header', file('header.hzn'), '-o', output], withNewKey());
    expect(opened.code).toBe(0);
    rmSync(output);
  }, 60_000);

  it('whose sidecars are damaged opens with the old key, and says so', async () => {
    damage(file('header.hzn'));
    damage(file('manifest.header.hzn'));
    for (const args of [
      ['verify', backupId],
      ['inspect', backupId],
      ['verify', backupId, '--level', 'stored'],
    ]) {
      const run = await hazina(args, withBothKeys());
      expect({ args, code: run.code, warned: warning.test(run.stderr) }).toEqual({ args, code: 0, warned: true });
    }
    const shown = await hazina(['inspect', backupId, '--json'], withoutKey());
    expect({ code: shown.code, warned: warning.test(shown.stderr) }).toEqual({ code: 0, warned: true });
    expect(JSON.parse(shown.stdout)).toMatchObject({ header: { backupId } });
    expect(await world.failing(['verify', backupId], withNewKey())).toMatchObject({
      code: 'container/bad-header',
      exitCode: 11,
    });
  }, 60_000);
});

describe('a downloaded file', () => {
  it('with a damaged sidecar opens and is restored by its own header, and the warning is told', async () => {
    damage(file('header.hzn'));
    const output = join(world.folder, 'by-itself.archive');
    const opened = await hazina(
      ['open', file('data.hzn'), '--header', file('header.hzn'), '-o', output],
      withBothKeys(),
    );
    expect({ code: opened.code, warned: warning.test(opened.stderr) }).toEqual({ code: 0, warned: true });
    expect(existsSync(output)).toBe(true);
    rmSync(output);
    const args = ['restore', file('data.hzn'), '--header', file('header.hzn'), '--to-env', 'TARGET_URI', '--rename'];
    const rename = `${world.database}=${world.database}_by_file`;
    const restored = await hazina([...args, rename, '--json'], withBothKeys());
    expect({ code: restored.code, warned: warning.test(restored.stderr) }).toEqual({ code: 0, warned: true });
    expect(JSON.parse(restored.stdout)).toMatchObject({
      warnings: expect.arrayContaining([expect.stringContaining('The header sidecar was not used')]) as unknown,
    });
  }, 60_000);

  it('whose own beginning is lost opens by its sidecar', async () => {
    const bytes = readFileSync(file('data.hzn'));
    writeFileSync(file('data.hzn'), bytes.fill(0, 0, 4096));
    const output = join(world.folder, 'beheaded.archive');
    const args = ['open', file('data.hzn'), '-o', output];
    expect((await hazina(args, withNewKey())).code).toBe(11);
    const opened = await hazina([...args, '--header', file('header.hzn')], withNewKey());
    expect(opened.code).toBe(0);
    expect(opened.stderr).toMatch(/^Warning: .*the sidecar was used$/m);
    rmSync(output);
  }, 60_000);

  it('and a file that is no sidecar at all, far too long', async () => {
    const output = join(world.folder, 'no-sidecar.archive');
    const args = ['open', file('data.hzn'), '--header', file('data.hzn'), '-o', output];
    const opened = await hazina(args, withBothKeys());
    expect({ code: opened.code, warned: warning.test(opened.stderr) }).toEqual({ code: 0, warned: true });
    rmSync(output);
    expect((await hazina(args, withNewKey())).code).toBe(11);
    expect(existsSync(output)).toBe(false);
  }, 60_000);
});
