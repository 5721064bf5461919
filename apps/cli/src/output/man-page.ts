import { exitCodes } from './exit-codes.js';
import { allCommands, type CommandNode, type OptionNode } from './command-tree.js';

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'Done.',
  unexpected: 'Anything unexpected.',
  arguments: 'Bad arguments, or an ID that does not exist.',
  configuration: 'Configuration.',
  engine: 'The dump failed.',
  damaged: 'A damaged, truncated, foreign or mismatched backup.',
  target: 'The target side of a restore failed, or it ended with differences; diff found some.',
  key: 'No key, or a wrong one.',
  store: 'The store is unreachable, refuses, or is full.',
  database: 'The database is unreachable, refuses, or its name is unknown.',
  refused: 'Refused for safety: a confirmation is needed.',
  interrupted: 'Interrupted (SIGINT).',
  terminated: 'Terminated (SIGTERM).',
};

/** The manual page hazina(1), in roff. */
export function manPage(root: CommandNode): string {
  const name = root.name.toUpperCase();
  const commands = allCommands(root).slice(1);
  return [
    `.TH ${name} 1 "" "Hazina" "User Commands"`,
    '.SH NAME',
    `${root.name} \\- MongoDB backups that are proven, not hoped for`,
    '.SH SYNOPSIS',
    `.B ${root.name}`,
    escape(root.usage),
    '.SH DESCRIPTION',
    ...paragraphs(root.description),
    '.SH OPTIONS',
    ...root.options.flatMap(option),
    '.SH COMMANDS',
    ...commands.flatMap((command) => [
      `.SS "${escape(`${command.path} ${command.usage}`.trim())}"`,
      ...paragraphs(command.description),
      ...command.options.flatMap(option),
    ]),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodes).flatMap(([code, number]) => [
      '.TP',
      `.B ${number}`,
      escape(meanings[code as keyof typeof exitCodes]),
    ]),
    '.SH ENVIRONMENT',
    'Keys and URIs are never arguments: they come from variables, from files named by',
    '.IR NAME_FILE ,',
    'or from a file given by',
    '.BR \\-\\-config .',
    'The file .env.example explains each.',
    '',
  ].join('\n');
}

function option({ flags, description }: OptionNode): string[] {
  return ['.TP', `.B "${escape(flags)}"`, escape(description)];
}

function paragraphs(text: string): string[] {
  return text.split(/\n{2,}/).flatMap((paragraph) => ['.PP', ...paragraph.split('\n').map(escape)]);
}

/** Backslashes and hyphens have a meaning of their own, and so have dots and quotes at the beginning of a line. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^([.'])/, '\\&$1');
}
