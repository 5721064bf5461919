import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Secret } from '#contracts';
import { parseTargetsFile } from './parse-targets-file.js';
import { targetsSchema } from './targets-file.js';
import { withReadPreference } from './with-read-preference.js';

const problemsOf = (text: string): string[] => {
  const problems: string[] = [];
  parseTargetsFile(
    't.yaml',
    () => Buffer.from(text),
    (problem) => problems.push(problem),
  );
  return problems;
};
const good = ['targets:', '  - name: clinic', '    uriVariable: CLINIC_URI'];

describe('every error has line and column', () => {
  it.each([
    ['a value of a wrong kind', [...good, '    retentionDays: many'], 't.yaml:4:20: targets.0.retentionDays: '],
    ['a value that is no allowed one', [...good, '    engine: magic'], 't.yaml:4:13: targets.0.engine: '],
    ['a name of a wrong form', ['targets:', '  - name: UP', '    uriVariable: X'], 't.yaml:2:11: targets.0.name: '],
    ['a key that nobody knows', [...good, '    uri: mongodb://u:p@h'], 't.yaml:4:5: targets.0: Unrecognized key "uri"'],
    ['what is missing, at what should hold it', [...good, '  - name: shop'], 't.yaml:4:5: targets.1.uriVariable: '],
    ['an item of a list', [...good, '    exclude:', '      - a.b', '      - 7'], 't.yaml:6:9: targets.0.exclude.1: '],
    ['a key twice', [...good, '    name: other'], 't.yaml:4:5: is no YAML: a key stands there twice'],
    ['a text that does not end', ['targets:', '  - name: "x'], 't.yaml:2:13: is no YAML: '],
    [
      'a time that is none',
      [...good, '    blackouts:', '      - {from: 8, to: "18:00"}'],
      't.yaml:5:16: targets.0.blackouts.0.from: ',
    ],
    ['no list at all', ['targets: {}'], 't.yaml:1:1: targets: '],
    ['an alias that leads nowhere', ['targets: *none'], 't.yaml:1:10: is no YAML'],
    ['through an alias', ['x: &x {name: A, uriVariable: B}', 'targets: [*x]'], 't.yaml:1:14: targets.0.name: '],
  ])('%s', (_what, lines, expected) => {
    const problems = problemsOf(lines.join('\n'));
    expect(problems.join('\n')).toContain(expected);
    expect(problems.join('\n')).not.toContain('u:p@h');
  });

  it('all at once, and none of a good file', () => {
    expect(problemsOf([...good, '    engine: magic', '    keepLast: -1', '    odd: 1'].join('\n'))).toHaveLength(3);
    expect(
      problemsOf([...good, '    readPreference: secondary', '    throttleBytesPerSecond: 5000000'].join('\n')),
    ).toEqual([]);
  });
});

it('docs/targets.schema.json is the form of the file: after a change run `npm run openapi`', () => {
  const committed: unknown = JSON.parse(
    readFileSync(new URL('../../../docs/targets.schema.json', import.meta.url), 'utf8'),
  );
  expect(committed).toEqual(targetsSchema());
  expect(committed).toMatchObject({ properties: { targets: { items: { additionalProperties: false } } } });
});

it.each([
  ['mongodb://h', 'mongodb://h/?readPreference=secondary'],
  ['mongodb://u:p%3F@h:1,h:2/clinic', 'mongodb://u:p%3F@h:1,h:2/clinic?readPreference=secondary'],
  ['mongodb+srv://h/?tls=true&readPreference=nearest', 'mongodb+srv://h/?tls=true&readPreference=secondary'],
])('the read preference of %s', (uri, expected) => {
  expect(withReadPreference(new Secret(uri), 'secondary').reveal()).toBe(expected);
  expect(withReadPreference(new Secret(uri), undefined).reveal()).toBe(uri);
});
