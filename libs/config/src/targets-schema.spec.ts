import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { targetsFile } from './targets-file.js';

// What an editor says of a targets file by docs/targets.schema.json is what the reader says of its form: for the example that shows every option, and for it
// with any one part of it changed.

const read = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const judge = new Ajv2020({ strict: true, strictRequired: false }).compile(
  JSON.parse(read('targets.schema.json')) as object,
);
const example: unknown = parse(read('targets.example.yaml'));

type Path = readonly (string | number)[];
const isHolder = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
/** Every part of a value, the whole first. */
const partsOf = (value: unknown, path: Path = []): Path[] => [
  path,
  ...(isHolder(value)
    ? Object.entries(value).flatMap(([key, part]) => partsOf(part, [...path, Array.isArray(value) ? Number(key) : key]))
    : []),
];
const missing = Symbol('missing');
/** The value with another one at a path. */
const withPart = (value: unknown, [key, ...rest]: Path, part: unknown): unknown => {
  if (key === undefined) return part;
  if (!isHolder(value)) throw new Error('no such part');
  const next = withPart(value[key], rest, part);
  if (Array.isArray(value))
    return value.flatMap((old: unknown, at) => (at === key ? (next === missing ? [] : [next]) : [old]));
  const { [key]: _old, ...others } = value;
  return next === missing ? others : { ...others, [key]: next };
};
const partAt = (path: Path) =>
  path.reduce<unknown>((value, key) => (isHolder(value) ? value[key] : undefined), example);

const odd: readonly unknown[] = [
  ...[null, true, false, -1, 0, 1, 1.5, 20, 61, 1023, 1024, 36_500, 36_501, 86_401, 2 ** 53, 1e300],
  ...['', ' ', 'a', 'A', 'off', '08:00', '24:00', '08:00\n', 'primary', 'a.b', 'a.\nb', 'ä', 'x'.repeat(101)],
  ...[[], [''], ['a'], [7], [null], [[]], {}, { odd: 1 }, { kind: 's3' }, { mode: 'off' }],
  missing,
];

describe('schema and reader', () => {
  it('take the example', () => {
    expect([judge(example), judge.errors]).toEqual([true, null]);
    expect(targetsFile.safeParse(example).error).toBeUndefined();
  });

  const parts = partsOf(example);
  const named = (paths: readonly Path[]) => paths.map((path) => [path.join('.') || 'the whole', path] as const);
  const agree = (value: unknown) => judge(value) === targetsFile.safeParse(value).success;

  it.each(named(parts))('say the same of anything else in the place of %s', (_name, path) => {
    const others = path.length === 0 ? odd.filter((value) => value !== missing) : odd;
    expect(others.filter((value) => !agree(withPart(example, path, value)))).toEqual([]);
  });

  const records = parts.filter((path) => isHolder(partAt(path)) && !Array.isArray(partAt(path)));
  it.each(named(records))('say the same of a key more in %s', (_name, path) => {
    for (const key of ['odd', 'primary', 'UP', '', 'days', 'sse', 'quotaBytes'])
      expect([key, agree(withPart(example, [...path, key], 1))]).toEqual([key, true]);
  });
});
