import { expect, it } from '@jest/globals';
import { isContext } from 'node:vm';

it('test files run on a plain global object: Jest goes on making it by vm.createContext', () => {
  expect(isContext(globalThis)).toBe(true);
});
