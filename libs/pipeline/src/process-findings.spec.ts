import { afterAll, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '#contracts';
import { memoryFinding, processMemory, temporaryFinding } from './process-findings.js';

const folder = mkdtempSync(join(tmpdir(), 'hazina-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mebibytes = (count: number) => count * 1024 * 1024;

it('this process has the memory that it needs', () => {
  expect(memoryFinding(processMemory())).toMatchObject({ name: 'memory', status: 'ok' });
});

it.each([
  ['a small container', { limitBytes: mebibytes(256), heapLimitBytes: mebibytes(512), isContained: true }, '512 MiB'],
  ['a small heap', { limitBytes: mebibytes(2000), heapLimitBytes: mebibytes(100), isContained: false }, 'NODE_OPTIONS'],
])('%s is a doubt', (_what, memory, hint) => {
  expect(memoryFinding(memory)).toMatchObject({ status: 'warning', hint: expect.stringContaining(hint) });
});

it('a temporary folder is tried and left empty; one that is not there is an error', async () => {
  expect(await temporaryFinding(folder, systemRandom)).toMatchObject({ status: 'ok' });
  expect(readdirSync(folder)).toEqual([]);
  expect(await temporaryFinding(join(folder, 'none'), systemRandom)).toMatchObject({
    ...{ status: 'error', code: 'engine/failed' },
    detail: expect.stringContaining('ENOENT'),
  });
});
