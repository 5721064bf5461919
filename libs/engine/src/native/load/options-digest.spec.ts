import { describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import type { LoadRequest } from '../../engine.js';
import { optionsDigest } from './options-digest.js';

const request: LoadRequest = {
  uri: new Secret('mongodb://one'),
  databases: ['b', 'a'],
  include: [],
  exclude: [],
  rename: [],
  mode: 'into-empty',
  confirm: [],
  backupId: 'x',
  onConflict: 'fail',
  ignoreWrites: false,
  strict: false,
};

describe('optionsDigest', () => {
  it.each<[string, Partial<LoadRequest>]>([
    ['the order of names', { databases: ['a', 'b'] }],
    ['another way to the same server', { uri: new Secret('mongodb://two') }],
    ['a stricter report', { strict: true }],
    ['ignoring writes', { ignoreWrites: true }],
  ])('is the same whatever %s', (_what, change) => {
    expect(optionsDigest({ ...request, ...change })).toBe(optionsDigest(request));
  });

  it.each<[string, Partial<LoadRequest>]>([
    ['databases', { databases: ['a'] }],
    ['include', { include: ['a.b'] }],
    ['exclude', { exclude: ['a.b'] }],
    ['rename', { rename: [{ from: 'a', to: 'c' }] }],
    ['mode', { mode: 'replace' }],
    ['onConflict', { onConflict: 'keep-last' }],
  ])('changes with %s', (_what, change) => {
    expect(optionsDigest({ ...request, ...change })).not.toBe(optionsDigest(request));
  });
});
