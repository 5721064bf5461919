import { expect, it } from '@jest/globals';
import { isAllowedTaskMove, isFinalTask, taskStates } from '#contracts';
import { moveRestore } from './restore-moves.js';

it.each([
  ['pending', ['in_progress', 'failed', 'cancelled']],
  ['in_progress', ['pending', 'in_progress', 'completed', 'completed_with_differences', 'failed', 'cancelled']],
  ['completed', []],
  ['completed_with_differences', []],
  ['failed', []],
  ['cancelled', []],
] as const)('from %s a restore goes to %j, and nowhere else', (from, to) => {
  expect(taskStates.filter((state) => isAllowedTaskMove(from, state))).toEqual(to);
  expect(isFinalTask(from)).toBe(to.length === 0);
});

it('a move that is not allowed is a mistake of the program', () => {
  expect(() => moveRestore(['completed'], 'in_progress')).toThrow('no restore goes from completed to in_progress');
  expect(() => moveRestore(['in_progress', 'failed'], 'pending')).toThrow('from failed to pending');
  expect(moveRestore(['in_progress'], 'completed_with_differences')).toEqual({ status: 'completed_with_differences' });
});
