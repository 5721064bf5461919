import { describe, expect, it } from '@jest/globals';
import { op } from '../store/record-collection.js';
import { listFilter } from './list-filter.js';

const now = new Date('2026-11-26T12:00:00Z');
const recent = new Date('2026-11-01T00:00:00Z');
const old = new Date('2025-11-01T00:00:00Z');

describe('the filter of a list', () => {
  it('is one of equalities where no time bounds it, or one long ago', () => {
    expect(listFilter({ target: 'clinic', trigger: 'manual' }, now)).toEqual({
      ...{ listed: true, target: 'clinic', trigger: 'manual' },
    });
    const createdAt = op({ $gte: old, $lte: recent });
    const wanted = { status: 'failed', target: 'clinic', createdAt };
    expect(listFilter({ status: 'failed', target: 'clinic', from: old, to: recent }, now)).toEqual(wanted);
  });

  it('has one equality for an index where it is of lately: what leaves the fewest', () => {
    const createdAt = op({ $gte: recent });
    const not = (field: string, value: unknown) => ({ [field]: op({ $ne: value }) });
    expect(listFilter({ from: recent }, now)).toEqual({ listed: true, createdAt });
    expect(listFilter({ from: recent, trigger: 'manual' }, now)).toEqual({
      ...{ trigger: 'manual', $nor: [not('listed', true)], createdAt },
    });
    expect(listFilter({ from: recent, trigger: 'manual', target: 'clinic', status: 'failed' }, now)).toEqual({
      ...{ target: 'clinic', $nor: [not('trigger', 'manual'), not('status', 'failed')], createdAt },
    });
  });
});
