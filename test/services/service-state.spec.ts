import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseState, readState, writeState, type ServicesState } from './service-state.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hazina-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const state: ServicesState = { format: 1, redis: { url: 'redis://127.0.0.1:2', how: 'here', version: '7' } };

it('reads what it wrote', () => {
  const file = join(folder, 'state.json');
  writeState(file, state);
  expect(readState(file)).toEqual(state);
});

it('replaces the file at once, and lets nobody else read it', () => {
  const file = join(folder, 'state.json');
  writeState(file, { format: 1 });
  writeState(file, state);
  expect(readdirSync(folder)).toEqual(['state.json']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('has no state without a file', () => {
  expect(readState(join(folder, 'state.json'))).toBeUndefined();
});

it.each(['', '{', '[]', 'null', '1', '{}', '{"format":2}'])('has no state in %j', (text) => {
  const file = join(folder, 'state.json');
  writeFileSync(file, text);
  expect(readState(file)).toBeUndefined();
  expect(parseState(text)).toBeUndefined();
});
