import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCache, type Cache } from './cache.js';
import { goInstall } from './go-install.js';

// The real `go install` runs in the first start of the services; here a stand-in shows what is made of its outcome.
let folder: string;
let cache: Cache;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hazina-go-'));
  mkdirSync(join(folder, 'path'));
  cache = openCache({ HAZINA_CACHE_DIR: join(folder, 'cache') });
});
afterEach(() => rmSync(folder, { recursive: true }));

const program = { name: 'tool', packagePath: 'example/tool', version: 'v1.2.3', seconds: 1, instead: 'TEST_TOOL' };
const quiet = () => undefined;

function install(script: string) {
  writeFileSync(join(folder, 'path', 'go'), `#!/bin/sh\necho run >> ${folder}/runs\n${script}\n`, { mode: 0o755 });
  return goInstall(cache, program, { PATH: join(folder, 'path') }, quiet);
}

it('installs once, under a name with the version', async () => {
  const makesTool =
    '[ "$1 $2" = "install example/tool@v1.2.3" ] && echo tool > "$GOBIN/tool" && chmod +x "$GOBIN/tool"';
  const [one, other] = await Promise.all([install(makesTool), install(makesTool)]);
  expect([one, other]).toEqual([join(cache.bin, 'tool-v1.2.3'), join(cache.bin, 'tool-v1.2.3')]);
  expect(await install('exit 1')).toBe(one);
  expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n');
});

it('shows the end of the output of a failure, names the variable, and leaves nothing half done', async () => {
  const failure = install('echo half > "$GOBIN/tool"; echo module not found >&2; exit 3');
  await expect(failure).rejects.toMatchObject({
    message: expect.stringMatching(
      /^go install example\/tool@v1.2.3 failed \(exit code 3\)\n.*\n {4}module not found$/,
    ),
    hint: expect.stringContaining('TEST_TOOL'),
  });
  expect([readdirSync(cache.bin), readdirSync(cache.temporary)]).toEqual([[], []]);
});
