import { expect, it } from '@jest/globals';
import { move } from './moves.js';

it('a move that is not allowed is a mistake of the program', () => {
  expect(() => move(['completed'], 'in_progress')).toThrow('no backup goes from completed to in_progress');
  expect(() => move(['deleting', 'completed'], 'deleted')).toThrow('from completed to deleted');
});

it('an allowed one is the condition and the change', () => {
  expect(move(['deleting'], 'completed')).toMatchObject({
    filter: { status: 'deleting' },
    set: { status: 'completed' },
  });
  expect(move(['completed', 'missing'], 'deleting')).toMatchObject({
    filter: { status: { $in: ['completed', 'missing'] } },
    set: { status: 'deleting' },
  });
});
