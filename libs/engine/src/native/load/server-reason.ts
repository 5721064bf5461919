import { printable } from './names.js';

const longest = 400;

/** The server's words, with the name that people know in place of the temporary one. */
export function reason(names: { readonly temporary: string; readonly final: string }, message: string): string {
  return printable(message.replaceAll(names.temporary, names.final)).slice(0, longest);
}
