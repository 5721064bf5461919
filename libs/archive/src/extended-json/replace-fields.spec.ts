import { expect, it } from '@jest/globals';
import { replaceFields } from './replace-fields.js';

it('gives some fields other values, and leaves every other byte as it was', () => {
  const text =
    '{ "attempt" : 1,"n":1.0, "options":{"attempt":9,"b":1,"1":2,"__proto__":null}, "text":"\\"attempt\\":1 \u2028",\n"keyIds": ["a"] }\n';
  expect(replaceFields(text, { attempt: '12', keyIds: '["b","c"]' })).toBe(
    '{ "attempt" : 12,"n":1.0, "options":{"attempt":9,"b":1,"1":2,"__proto__":null}, "text":"\\"attempt\\":1 \u2028",\n"keyIds": ["b","c"] }\n',
  );
  expect(replaceFields('{}', {})).toBe('{}');
});

it.each([
  ['a field that is not there', '{"a":1}'],
  ['one that is there twice', '{"b":1,"b":2}'],
  ['what is no object', '[1]'],
  ['what follows the end', '{"b":1} x'],
])('refuses %s', (_what, text) => {
  expect(() => replaceFields(text, { b: '2' })).toThrow();
});
