import { describe, expect, it, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliContext } from '../../apps/cli/src/context.js';
import { createProgram } from '../../apps/cli/src/program.js';
import { commandTree, allCommands } from '../../apps/cli/src/output/command-tree.js';
import { completionScript, type Shell } from '../../apps/cli/src/output/completion-scripts.js';
import { manPage } from '../../apps/cli/src/output/man-page.js';
import { projectRoot } from '../support/run-hazina.js';

const tree = commandTree(createProgram(new CliContext('0.0.0')));
const has = (program: string) => spawnSync(program, ['--version']).status === 0;

/** What a shell offers after some words, the last of them unfinished. */
const offers: Readonly<Record<Shell, (words: readonly string[]) => string[]>> = {
  bash: (words) =>
    run('bash', [
      '--noprofile',
      '--norc',
      '-c',
      `${completionScript('bash', tree)}\nCOMP_WORDS=(hazina ${quoted(words)}); COMP_CWORD=${words.length}; _hazina; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]),
  zsh: (words) =>
    run('zsh', [
      '-f',
      '-c',
      `compdef() { : }; _files() { : }; _describe() { print -l -- \${items%%:*} }\n${completionScript('zsh', tree)}\nwords=(hazina ${quoted(words)}); CURRENT=${words.length + 1}; _hazina`,
    ]).filter((word) => word.startsWith(words.at(-1) ?? '')),
  fish: (words) =>
    run('fish', [
      '--no-config',
      '-c',
      `${completionScript('fish', tree)}\ncomplete -C ${quoted([`hazina ${words.join(' ')}`])}`,
    ]).map((line) => line.split('\t')[0] ?? ''),
};

function run(shell: string, args: readonly string[]): string[] {
  const { stdout, stderr } = spawnSync(shell, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}

const shells = ['bash', 'zsh', 'fish'] as const;
const installed = shells.filter(has);

describe.each(shells)('%s', (shell) => {
  const it = installed.includes(shell) ? test : test.skip;
  it('offers every command', () => {
    expect(offers[shell](['']).sort()).toEqual(expect.arrayContaining(tree.commands.map(({ name }) => name)));
    expect(offers[shell](['cle'])).toEqual(['cleanup']);
  });

  it('offers the commands below a command, and the options of the one that was typed', () => {
    expect(offers[shell](['catalog', ''])).toEqual(expect.arrayContaining(['sync']));
    expect(offers[shell](['catalog', 'sync', '--a'])).toEqual(['--adopt']);
    expect(offers[shell](['--config', 'file', 'backup', '--lab'])).toEqual(['--label']);
    expect(offers[shell](['backup', '--adopt', '--ado'])).toEqual([]);
  });
});

it('bash is always there to be asked', () => {
  expect(installed).toContain('bash');
});

it('the manual page names every command and option; docs/hazina.1 is it (hazina man > docs/hazina.1)', () => {
  const page = manPage(tree);
  for (const { path, options } of allCommands(tree)) {
    expect(page).toContain(path.replaceAll('-', '\\-'));
    for (const { flags } of options) expect(page).toContain(flags.replaceAll('-', '\\-'));
  }
  expect(readFileSync(join(projectRoot, 'docs/hazina.1'), 'utf8')).toBe(page);
});
