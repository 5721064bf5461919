import { describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import type { LoadRequest, Rename } from '../../engine.js';
import { applyRenames } from '../../selection/index.js';
import { isScratchName, scratchNameOf, scratchRenames } from './scratch-names.js';

const namespace = (db: string, collection: string) => ({ db, collection, type: 'collection' as const, documents: 1 });
const contents = {
  namespaces: [namespace('clinic', 'visits'), namespace('clinic', 'patients'), namespace('shop', 'a.b*c')],
};
const request = (rename: Rename[] = [], include: string[] = []): LoadRequest => ({
  ...{ uri: new Secret('mongodb://x'), databases: [], include, exclude: [], rename, mode: 'into-empty', confirm: [] },
  ...{ backupId: 'b', onConflict: 'fail', ignoreWrites: false, strict: false },
});
/** Where each namespace goes. */
const led = (rename: Rename[] = [], include: string[] = []): string[] => {
  const renames = scratchRenames(request(rename, include), contents, 'abc123');
  return contents.namespaces.map(({ db, collection }) => {
    const to = applyRenames(renames, db, collection);
    return `${to.db}.${to.collection}`;
  });
};

describe('a scratch restore', () => {
  it('leads every database into one of its own', () => {
    expect(led()).toEqual([
      'hazina_scratch_abc123_clinic.visits',
      'hazina_scratch_abc123_clinic.patients',
      'hazina_scratch_abc123_shop.a.b*c',
    ]);
  });

  it('renames what was to be renamed, and then leads it there', () => {
    const renames = [
      { from: 'clinic', to: 'copy' },
      { from: 'clinic.visits', to: 'other.seen' },
      { from: 'shop.a.b\\*c', to: 'shop.plain' },
    ];
    expect(led(renames)).toEqual([
      'hazina_scratch_abc123_other.seen',
      'hazina_scratch_abc123_copy.patients',
      'hazina_scratch_abc123_shop.plain',
    ]);
    // A rename of a whole database that nothing is left for would be refused as unused.
    expect(scratchRenames(request(renames), contents, 'abc123')).toHaveLength(3);
  });

  it('renames only what is selected', () => {
    expect(scratchRenames(request([], ['shop']), contents, 'abc123')).toEqual([
      { from: 'shop', to: 'hazina_scratch_abc123_shop' },
    ]);
  });
});

describe('the name of a scratch database', () => {
  it('has at most 63 bytes, and different names for different databases', () => {
    const long = ['x'.repeat(60), `${'x'.repeat(59)}y`, 'ä'.repeat(31)];
    const names = long.map((name) => scratchNameOf('abc123', name));
    expect(names.map((name) => Buffer.byteLength(name) <= 63)).toEqual([true, true, true]);
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).not.toContain('\ufffd');
  });

  it.each([
    ['hazina_scratch_abc123_clinic', undefined, true],
    ['hazina_scratch_abc123_clinic', 'abc123', true],
    ['hazina_scratch_abc123_clinic', 'other1', false],
    ['hazina_scratch_abc123_', undefined, false],
    ['hazina_scratch_ABC123_x', undefined, false],
    ['clinic', undefined, false],
    ['my_hazina_scratch_abc123_x', undefined, false],
  ])('%s of %s: %p', (name, id, isOne) => {
    expect(isScratchName(name, id)).toBe(isOne);
  });
});
