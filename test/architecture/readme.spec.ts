import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliContext } from '../../apps/cli/src/context.js';
import { createProgram } from '../../apps/cli/src/program.js';
import { projectRoot } from '../support/run-hazina.js';

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const readme = read('README.md');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

describe('README.md', () => {
  it('names only npm scripts that exist', () => {
    const named = [...readme.matchAll(/npm (?:run ([a-z:]+)|(test)\b)/g)].map(
      ([, script, test]) => script ?? test ?? '',
    );
    expect(named).toContain('quickstart');
    for (const script of named) expect(Object.keys(scripts)).toContain(script);
  });

  it('names only commands of hazina that exist', () => {
    const commands = createProgram(new CliContext('0.0.0')).commands.map((command) => command.name());
    const named = new Set([...readme.matchAll(/hazina ([a-z]+)\b/g)].map(([, command = '']) => command));
    expect(named.size).toBeGreaterThan(8);
    for (const command of named) expect(commands).toContain(command);
  });

  it('links only to files that are there', () => {
    for (const [, target = ''] of readme.matchAll(/\]\(([^)#]+)\)/g)) {
      expect({ target, there: existsSync(join(projectRoot, target)) }).toEqual({ target, there: true });
    }
  });

  it('begins with the quick start and the test command', () => {
    const commands = [...readme.matchAll(/^npm .+$/gm)].map(([command]) => command);
    expect(commands.slice(0, 2)).toEqual(['npm run quickstart', 'npm test']);
  });
});
