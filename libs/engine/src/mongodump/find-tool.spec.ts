import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ToolDoubles } from '../../../../test/support/tool-doubles.js';
import { findTool } from './find-tool.js';

// Every test starts processes, on a machine that may be busy.
jest.setTimeout(30_000);

let doubles: ToolDoubles;
let tool: string;
beforeEach(() => {
  doubles = new ToolDoubles();
  tool = join(doubles.folder, 'mongodump');
});
afterEach(() => doubles.close());

describe('finding the tool', () => {
  it.each(['100.9.9', 'built-without-version-string'])('tells its version: %s', async (version) => {
    doubles.behave('good', { version });
    expect(await findTool(doubles.searchPath, 'mongodump')).toMatchObject({ path: tool, version });
  });

  it('goes on where the first of that name cannot be used', async () => {
    doubles.behave('good');
    const other = new ToolDoubles();
    try {
      chmodSync(join(other.folder, 'mongodump'), 0o644);
      const searchPath = `relative:${other.folder}:${doubles.searchPath}`;
      expect(await findTool(searchPath, 'mongodump')).toMatchObject({ path: tool });
    } finally {
      other.close();
    }
  });

  const foreign = Buffer.alloc(4096);
  foreign.write('\x7fELF\x02\x01\x01', 'latin1');
  foreign.writeUInt16LE(2, 16);
  foreign.writeUInt16LE(0xf7, 18);
  it.each([
    ['nothing there', () => rmSync(tool), 'engine/not-found', /PATH/],
    ['not executable', () => chmodSync(tool, 0o644), 'engine/failed', /executable/],
    ['a text', () => writeFileSync(tool, 'touch "$0.ran"; sleep 60\n'), 'engine/failed', /no program/],
    ['an empty file', () => writeFileSync(tool, ''), 'engine/failed', /no program/],
    ['for another processor', () => writeFileSync(tool, foreign), 'engine/failed', /cannot be used/],
    ['a script without its interpreter', () => writeFileSync(tool, '#!/nowhere\n'), 'engine/failed', /cannot be used/],
    ['too old', () => doubles.behave('good', { version: '3.6.0' }), 'engine/unsupported', /3\.6\.0/],
    ['does not answer', () => doubles.behave('good', { version: 'hangs' }), 'engine/failed', /within/],
  ])('%s: a clear error with a next step, within 5 s', async (_name, spoil, code, message) => {
    doubles.behave('good');
    spoil();
    const since = performance.now();
    await expect(findTool(doubles.searchPath, 'mongodump')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
      hint: expect.stringContaining('native') as unknown,
    });
    expect(performance.now() - since).toBeLessThan(5_000);
    // A text must not be run as a script.
    expect(existsSync(`${tool}.ran`)).toBe(false);
  });

  it('says why it does not run, in its own words', async () => {
    writeFileSync(tool, '#!/bin/sh\necho "error while loading shared libraries: libssl.so" >&2\nexit 127\n');
    await expect(findTool(doubles.searchPath, 'mongodump')).rejects.toMatchObject({
      code: 'engine/failed',
      message: expect.stringMatching(/exit code 127: error while loading shared libraries/) as unknown,
    });
  });
});
