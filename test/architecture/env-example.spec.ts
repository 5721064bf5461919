import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { variables, type Variable } from '#config';
import { projectRoot } from '../support/run-hazina.js';

const text = readFileSync(join(projectRoot, '.env.example'), 'utf8');
const lines = [...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(([, name = '', value = '']) => ({ name, value }));

describe('.env.example', () => {
  it('lists every variable once, and no other', () => {
    expect(lines.map(({ name }) => name).sort()).toEqual(variables.map(({ name }) => name).sort());
  });

  it('shows every default', () => {
    for (const variable of variables as readonly Variable[]) {
      const shown = lines.find(({ name }) => name === variable.name)?.value;
      if (variable.default !== undefined)
        expect({ name: variable.name, shown }).toEqual({ name: variable.name, shown: variable.default });
    }
  });

  it('says of every secret that it may come from a file', () => {
    for (const { name } of (variables as readonly Variable[]).filter(({ secret }) => secret === true)) {
      const before =
        text
          .slice(0, text.indexOf(`\n${name}=`))
          .split('\n\n')
          .at(-1) ?? '';
      expect(before + text.slice(0, text.indexOf(`\n${name}=`)).slice(-900)).toMatch(
        new RegExp(`Secrets?; also .*${name.split('_')[0] ?? ''}`),
      );
    }
  });
});
