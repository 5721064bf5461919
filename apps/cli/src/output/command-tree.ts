import type { Command } from 'commander';

/** A command as completions and the man page see it. */
export interface CommandNode {
  /** From the program on: `hazina keys check`. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  /** `<id> [text]`. */
  readonly usage: string;
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
}

export interface OptionNode {
  /** `-o, --output <file>`. */
  readonly flags: string;
  readonly long: string | undefined;
  readonly short: string | undefined;
  readonly takesValue: boolean;
  readonly description: string;
}

/** The tree of commands, help included, hidden ones not. */
export function commandTree(command: Command, parent = ''): CommandNode {
  const path = `${parent} ${command.name()}`.trim();
  const help = command.createHelp();
  return {
    path,
    name: command.name(),
    description: command.description(),
    usage: command.usage(),
    options: help.visibleOptions(command).map(({ flags, long, short, required, optional, description }) => ({
      ...{ flags, long, short, takesValue: required || optional, description },
    })),
    commands: help.visibleCommands(command).map((sub) => commandTree(sub, path)),
  };
}

export function allCommands(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.commands.flatMap(allCommands)];
}
