import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/run-hazina.js';

const most = 300;
const mostOfSpec = 400;
/** Made by a program, for a program. */
const generated = 'libs/client/src/schema.ts';

it(`no source file has over ${most} lines, and none switches a checker off`, () => {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mjs', '*.js', '*.cjs'], {
    cwd: projectRoot,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '' && file !== generated && existsSync(join(projectRoot, file)));
  expect(files.length).toBeGreaterThan(50);
  const checkerOff = new RegExp(
    ['eslint-' + 'disable', '@ts-' + '(ignore|expect-error|nocheck)', 'as ' + 'any\\b'].join('|'),
  );
  const offenders = files.flatMap((file) => {
    const text = readFileSync(join(projectRoot, file), 'utf8');
    const lines = text.split('\n').length;
    return [
      ...(lines > (file.endsWith('.spec.ts') ? mostOfSpec : most) ? [`${file}: ${lines} lines`] : []),
      ...(checkerOff.test(text) ? [`${file}: switches a checker off`] : []),
    ];
  });
  expect(offenders).toEqual([]);
});
