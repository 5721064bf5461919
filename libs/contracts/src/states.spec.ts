import { describe, expect, it } from '@jest/globals';
import { backupStates, isAllowedMove, isFinal } from './states.js';

describe('states of a backup', () => {
  it.each([
    ['pending', 'in_progress'],
    ['in_progress', 'in_progress'],
    ['in_progress', 'pending'],
    ['pending', 'completed'],
    ['pending', 'failed'],
    ['completed', 'missing'],
    ['missing', 'completed'],
    ['completed', 'deleting'],
    ['missing', 'deleting'],
    ['deleting', 'completed'],
    ['deleting', 'missing'],
    ['deleting', 'deleted'],
    ['failed', 'deleted'],
    ['cancelled', 'deleted'],
  ] as const)('%s may become %s', (from, to) => {
    expect(isAllowedMove(from, to)).toBe(true);
  });

  it.each([
    ['completed', 'failed'],
    ['completed', 'in_progress'],
    ['completed', 'deleted'],
    ['failed', 'pending'],
    ['cancelled', 'completed'],
  ] as const)('%s may not become %s', (from, to) => {
    expect(isAllowedMove(from, to)).toBe(false);
  });

  it('nothing leaves deleted', () => {
    expect(backupStates.filter((to) => isAllowedMove('deleted', to))).toEqual([]);
  });

  it('only pending, in_progress and deleting are not final', () => {
    expect(backupStates.filter((state) => !isFinal(state))).toEqual(['pending', 'in_progress', 'deleting']);
  });
});
