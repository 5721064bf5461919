import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { AppError, randomSuffix, systemCode } from '#contracts';
import type { CliContext } from './context.js';

/** A file that only its owner may read. It appears whole, in the place of one of the same name; its text was never readable for others. */
export async function writePrivateFile(path: string, text: string, { random }: CliContext): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomSuffix(random, 8)}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new AppError({
      code: 'output/failed',
      stage: 'output',
      message: `${path} cannot be written (${systemCode(error) ?? 'for no known reason'})`,
      hint: 'Give another place with -o',
      cause: error,
    });
  }
}

/** One line from the person at the terminal; the empty text where there is none. */
export async function askOnTerminal(question: string, { signal }: CliContext): Promise<string> {
  if (!process.stdin.isTTY) return '';
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question, { signal })).trim();
  } finally {
    terminal.close();
  }
}
