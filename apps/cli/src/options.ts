import { InvalidArgumentError, type Command } from 'commander';
import { isTargetName } from '#contracts';

/** `--json`: the same words for every command that prints data. */
export function withFrom(command: Command): Command {
  return command.option('--from <name>', 'read this copy: the name of a destination, or primary');
}

export function withJson(command: Command): Command {
  return command.option('--json', 'print data as JSON; an error is one object on the last line of stderr');
}

/** `--database`, `--include`, `--exclude`: which part of a server or of a backup. */
export function withSelection(command: Command): Command {
  return command
    .option('--database <name...>', 'only these databases')
    .option(
      '--include <pattern...>',
      'only namespaces that match: db.collection, * for any text, \\ escapes; a bare db is db.*',
    )
    .option('--exclude <pattern...>', 'leave these namespaces out; wins over --include');
}

export interface SelectionOptions {
  readonly database?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

export function targetName(text: string): string {
  if (isTargetName(text)) return text;
  throw new InvalidArgumentError('A target has 1 to 40 of a-z, 0-9 and "-", and does not begin with "-".');
}
