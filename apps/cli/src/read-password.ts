import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { AppError, systemCode } from '#contracts';
import type { CliContext } from './context.js';

const leastCharacters = 12;

/** A password from a file or from standard input, without one line end; never from an argument, which every process of the machine can read. */
export async function readPassword(file: string | undefined, context: CliContext): Promise<string> {
  const password = (file === undefined ? await fromInput(context) : fromFile(file)).replace(/\r?\n$/, '');
  if (password.length >= leastCharacters && !/[\r\n]/.test(password)) return password;
  throw new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `The password must be one line of at least ${leastCharacters} characters`,
    hint: 'Choose a longer one; what a password manager makes is best',
  });
}

function fromInput(context: CliContext): Promise<string> {
  // Typed text would stand on the screen: a terminal is told apart from a pipe.
  if (process.stdin.isTTY) context.say('Type the password (it is shown), then Enter and Ctrl-D:');
  return text(process.stdin);
}

function fromFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError({
      code: 'cli/bad-arguments',
      stage: 'arguments',
      message: `The file ${file} cannot be read (${systemCode(error) ?? 'for no known reason'})`,
      hint: 'Look at its name and its rights, or give the password by standard input',
    });
  }
}
